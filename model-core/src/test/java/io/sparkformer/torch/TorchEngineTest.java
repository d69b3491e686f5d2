package io.sparkformer.torch;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TorchEngineTest {

  private static final int POLL_MILLIS = 5;

  @TempDir private Path directory;

  @Test
  void anUnpackingThatWasCutIsDeletedAndTwoProcessesAtOnceUnpackAgain() throws Exception {
    Path natives = directory.resolve("sparkformer");
    Process killed = start();
    while (unpacking(natives).isEmpty()) {
      assertThat(killed.isAlive()).as("it unpacks").isTrue();
      Thread.sleep(POLL_MILLIS);
    }
    killed.destroyForcibly().waitFor();
    List<Path> cut = unpacking(natives);
    assertThat(cut).hasSize(1);

    Process first = start();
    Process second = start();
    assertThat(first.waitFor()).isZero();
    assertThat(second.waitFor()).isZero();

    assertThat(cut.get(0)).doesNotExist();
    assertThat(unpacking(natives)).isEmpty();
    try (Stream<Path> files = Files.walk(natives)) {
      assertThat(files.map(file -> file.getFileName().toString()))
          .contains(
              System.mapLibraryName("torch_cpu"), "0.35.1-" + System.mapLibraryName("djl_torch"));
    }
  }

  private static List<Path> unpacking(Path natives) throws IOException {
    Path pytorch = natives.resolve("pytorch");
    if (!Files.isDirectory(pytorch)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(pytorch)) {
      return files.filter(file -> file.getFileName().toString().startsWith("tmp")).toList();
    }
  }

  private Process start() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-DDJL_CACHE_DIR=" + directory,
            "-Dai.djl.offline=true",
            "-cp",
            System.getProperty("java.class.path"),
            Starter.class.getName())
        .inheritIO()
        .start();
  }

  /** Starts the engine. */
  public static final class Starter {
    private Starter() {}

    public static void main(String[] none) {
      if (TorchEngine.get().getGpuCount() < 0) {
        throw new AssertionError("an engine counts GPUs");
      }
    }
  }
}
