package io.sparkformer.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import java.io.File;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RankDeviceTest {

  @TempDir private Path directory;

  @Test
  void aRankWithoutAGpuComputesOnTheCpu() {
    assertThat(RankDevice.choose(Optional.empty(), 8, "h")).isEqualTo(Device.cpu());
  }

  @Test
  void aRankTakesTheGpuThatSparkGaveIt() {
    assertThat(RankDevice.choose(Optional.of("3"), 8, "h")).isEqualTo(Device.gpu(3));
  }

  @Test
  void theOnlyVisibleGpuIsTheOneThatIsMeant() {
    assertThat(RankDevice.choose(Optional.of("3"), 1, "h")).isEqualTo(Device.gpu(0));
    assertThat(RankDevice.choose(Optional.of("GPU-8a6f"), 1, "h")).isEqualTo(Device.gpu(0));
  }

  @Test
  void aGpuThatTheEngineCannotUseIsAMistake() {
    assertThatThrownBy(() -> RankDevice.choose(Optional.of("1"), 0, "node7"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "Spark gave GPU 1 of node7 to this rank, but the engine there has no CUDA: build with -Pcuda and have a"
                + " libtorch for CUDA there (PYTORCH_LIBRARY_PATH, see Platforms in the README), or leave"
                + " spark.executor.resource.gpu.amount and spark.task.resource.gpu.amount away");
  }

  @Test
  void aGpuThatIsNotThereIsAMistake() {
    for (String address : new String[] {"4", "GPU-8a6f"}) {
      assertThatThrownBy(() -> RankDevice.choose(Optional.of(address), 4, "node7"))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(
              "Spark gave GPU %s of node7 to this rank, but the engine there sees GPUs 0 to 3: correct the discovery"
                  + " script or CUDA_VISIBLE_DEVICES there",
              address);
    }
  }

  @Test
  void theDiscoveryScriptListsWhatNvidiaSmiLists() throws Exception {
    assertThat(discovered("printf '0\\n1\\n'"))
        .isEqualTo("0 {\"name\":\"gpu\",\"addresses\":[\"0\",\"1\"]}");
  }

  @Test
  void theDiscoveryScriptSaysWhatNvidiaSmiSaid() throws Exception {
    assertThat(discovered("echo 'no driver'; exit 9"))
        .startsWith("1 gpu-discovery.sh: nvidia-smi failed on ")
        .endsWith(": no driver");
    assertThat(discovered("echo 'No devices were found'"))
        .startsWith("1 gpu-discovery.sh: nvidia-smi lists no GPU on ")
        .endsWith(": No devices were found");
  }

  /** Exit code and output of the script, beside such an nvidia-smi. */
  private String discovered(String nvidiaSmi) throws Exception {
    Path smi = Files.writeString(directory.resolve("nvidia-smi"), "#!/bin/sh\n" + nvidiaSmi + "\n");
    assertThat(smi.toFile().setExecutable(true)).isTrue();
    ProcessBuilder builder =
        new ProcessBuilder(Path.of("../conf/gpu-discovery.sh").toAbsolutePath().toString());
    builder
        .environment()
        .merge("PATH", directory.toString(), (path, first) -> first + File.pathSeparator + path);
    Process process = builder.redirectErrorStream(true).start();
    String output =
        new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    return process.waitFor() + " " + output;
  }
}
