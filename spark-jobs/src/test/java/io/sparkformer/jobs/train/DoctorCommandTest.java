package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.SmallDataSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** doctor with one rank, in this JVM. */
class DoctorCommandTest {

  @TempDir private Path directory;
  private Path data;

  @BeforeEach
  void tokenize() throws IOException {
    Path text = Files.writeString(directory.resolve("text.txt"), "to be or not to be ".repeat(40));
    data = directory.resolve("data");
    CommandRun run =
        CommandRun.of("tokenize", "--input", text.toString(), "--output", data.toString());
    run.requireDone();
  }

  @Test
  void whatHoldsIsListedAndNothingIsLeftBehind() throws IOException {
    Path config = recipe("model: {num-layers: 1}");

    CommandRun run = doctor(config, directory.resolve("new/run"));

    run.requireDone();
    assertThat(run.out().lines()).hasSize(1);
    assertThat(run.json().get("ok").asBoolean()).isTrue();
    assertThat(detail(run, "executors")).startsWith("1 on ");
    assertThat(detail(run, "memory")).startsWith("a rank needs about 14 MB, ").endsWith(" for 1");
    assertThat(detail(run, "network")).isEqualTo("each reaches all others");
    assertThat(detail(run, "engine")).isEqualTo("PyTorch 2.7.1, 1 threads for a rank");
    assertThat(detail(run, "device")).isEqualTo("CPU");
    assertThat(detail(run, "data")).isEqualTo(data + ", all 4 files");
    assertThat(detail(run, "output"))
        .isEqualTo(
            directory
                + " can be written; a directory there is renamed in one act, so nobody sees a part of it");
    try (Stream<Path> files = Files.list(directory)) {
      assertThat(files).containsExactlyInAnyOrder(directory.resolve("text.txt"), data, config);
    }
  }

  @Test
  void withoutOptionsOnlyTheClusterIsChecked() {
    CommandRun run = CommandRun.of("doctor");

    run.requireDone();
    assertThat(run.json().get("checks").findValuesAsText("name"))
        .containsExactly("executors", "memory", "network", "engine", "device", "shm");
    assertThat(detail(run, "memory")).isEqualTo("no recipe was given");
  }

  @Test
  void aDataSetOfAnEarlierBuildIsSaidToNeedVerifying() throws IOException {
    SmallDataSet.forgetSums(data);

    CommandRun run = CommandRun.of("doctor", "--data", data.toString());

    run.requireDone();
    assertThat(detail(run, "data"))
        .isEqualTo(
            data
                + ", all 4 files (some without crc32c: only 'sparkformer dataset verify' checks"
                + " their contents)");
  }

  @Test
  void allThatMustBeChangedIsSaidAtOnce() throws IOException {
    Path config = recipe("model: {embedding-dim: 65536, num-layers: 1000}");
    Path file = Files.writeString(directory.resolve("file"), "");
    Files.delete(data.resolve("train-00000-of-00001.bin"));
    Files.writeString(data.resolve("valid-00000-of-00001.bin"), "x");

    CommandRun run = doctor(config, file.resolve("run"));

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.json().get("ok").asBoolean()).isFalse();
    assertThat(detail(run, "memory")).startsWith("a rank needs about 1923");
    assertThat(remedy(run, "memory"))
        .isEqualTo(
            "lower model.num-layers, model.embedding-dim or training.micro-batch-size, or have fewer ranks on a"
                + " machine");
    assertThat(detail(run, "data"))
        .endsWith(
            ": %s: train-00000-of-00001.bin is missing, valid-00000-of-00001.bin has 1 bytes where 152 are recorded"
                .formatted(data));
    assertThat(remedy(run, "data"))
        .isEqualTo("copy the data set again, or make it again with the tokenize job");
    assertThat(detail(run, "output"))
        .isEqualTo("%s/run cannot be written (%s is a file)".formatted(file, file));
    assertThat(remedy(run, "output")).isEqualTo("choose a directory that you may write");
  }

  @Test
  void aDirectoryThatIsNoDataSetIsFoundByTheExecutor() {
    CommandRun run = CommandRun.of("doctor", "--data", directory.toString());

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(detail(run, "data"))
        .endsWith(
            "%s has no dataset.json, so it is not a token data set: check the path, or make the data set again with"
                    .formatted("file:" + directory)
                + " the tokenize job");
  }

  @Test
  void impossibleRequestsAreMistakes() {
    assertThat(CommandRun.of("doctor", "--workers", "0").err())
        .isEqualTo("sparkformer doctor: --workers is 0: it must be at least 1\n");
    assertThat(CommandRun.of("doctor", "--wait-seconds", "-1").err())
        .isEqualTo("sparkformer doctor: --wait-seconds is -1: it must be at least 0\n");
  }

  private CommandRun doctor(Path config, Path output) {
    return CommandRun.of(
        "doctor",
        "--config",
        config.toString(),
        "--data",
        data.toString(),
        "--output",
        output.toString());
  }

  private Path recipe(String text) throws IOException {
    return Files.writeString(directory.resolve("recipe.yaml"), text);
  }

  private static String detail(CommandRun run, String check) {
    return check(run, check).get("detail").asText();
  }

  private static String remedy(CommandRun run, String check) {
    return check(run, check).get("remedy").asText();
  }

  private static JsonNode check(CommandRun run, String name) {
    for (JsonNode check : run.json().get("checks")) {
      if (check.get("name").asText().equals(name)) {
        return check;
      }
    }
    throw new AssertionError("no check of " + name + " in " + run.out());
  }
}
