package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.jobs.Patience;
import java.io.IOException;
import java.lang.ProcessBuilder.Redirect;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training through the launcher and spark-submit, finished and interrupted. */
class TrainIT {
  private static final Path LAUNCHER =
      Path.of("..").toAbsolutePath().normalize().resolve("submit/sparkformer");
  private static final String RECIPE =
      """
      model: {context-length: 8, num-layers: 1, num-heads: 2, embedding-dim: 16}
      training: {max-steps: 30, micro-batch-size: 4, threads: 1}
      schedule: {kind: constant, warmup-steps: 2}
      evaluation: {interval: 1000, batches: 4}
      checkpoint: {interval: 20, keep: 3}
      """;
  private static final int SIGINT_EXIT_CODE = 130;

  @TempDir private Path directory;

  @BeforeEach
  void tokenize() throws Exception {
    Files.writeString(directory.resolve("text.txt"), "the quick brown fox. ".repeat(100));
    Files.writeString(directory.resolve("tiny.yaml"), RECIPE);
    Outcome tokenized =
        end(start("tokenize", "--input", "text.txt", "--output", "data set"), "tokenize");
    assertThat(tokenized.code()).as(tokenized.err()).isZero();
  }

  @Test
  void standardOutputIsTheResultAndNothingElse() throws Exception {
    Outcome outcome = end(train("my run"), "train");

    assertThat(outcome.code()).as(outcome.err()).isZero();
    assertThat(outcome.out().lines()).hasSize(1);
    JsonNode result = new ObjectMapper().readTree(outcome.out());
    assertThat(result.fieldNames())
        .toIterable()
        .contains("steps", "train_loss", "valid_loss", "best", "tokens_per_second", "seconds");
    assertThat(result.get("steps").asInt()).isEqualTo(30);
    assertThat(outcome.err())
        .contains("step 1: loss ", "valid loss ", "100% (30 of 30 steps")
        .doesNotContain("deprecated");
    for (String file : List.of("best/model.safetensors", "last/config.json", "loss.png")) {
      assertThat(directory.resolve("my run").resolve(file)).exists();
    }
  }

  @Test
  void anInterruptedRunHasWholeCheckpointsAndIsResumed() throws Exception {
    Process process =
        train(
            "long run", "--set", "training.max-steps=100000000", "--set", "evaluation.interval=20");
    try {
      waitForCheckpoint(process);
      waitForReport(process);
      interrupt(process);
    } catch (Exception | AssertionError e) {
      process.destroyForcibly();
      throw e;
    }
    Outcome interrupted = end(process, "train");

    assertThat(interrupted.code()).as(interrupted.err()).isEqualTo(SIGINT_EXIT_CODE);
    assertThat(interrupted.out()).isEmpty();
    assertThat(interrupted.err()).doesNotContain("\tat ");
    assertThat(interrupted.err()).doesNotContain("the report was not drawn");
    assertThat(directory.resolve("long run/loss.png")).isNotEmptyFile();
    assertThat(Files.readString(directory.resolve("long run/report.html")))
        .contains("<p>Interrupted after step ", "</html>")
        .doesNotContain("http-equiv", "Running: ");
    List<Path> checkpoints = checkpoints();
    assertThat(checkpoints).isNotEmpty();
    for (Path checkpoint : checkpoints) {
      assertWhole(checkpoint);
    }

    int newest =
        Integer.parseInt(
            checkpoints.get(checkpoints.size() - 1).getFileName().toString().substring(5));
    String steps = "training.max-steps=" + (newest + 15);
    Outcome resumed = end(train("long run", "--resume", "--set", steps), "train");

    assertThat(resumed.code()).as(resumed.err()).isZero();
    JsonNode result = new ObjectMapper().readTree(resumed.out());
    assertThat(result.get("resumed_from").asInt()).isEqualTo(newest);
    assertThat(result.get("steps").asInt()).isEqualTo(newest + 15);
    assertThat(directory.resolve("long run/last/model.safetensors")).exists();
  }

  private Process train(String output, String... more) throws IOException {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", "--config", "tiny.yaml", "--data", "data set", "--output", output));
    arguments.addAll(List.of(more));
    return start(arguments.toArray(new String[0]));
  }

  private void waitForCheckpoint(Process process) throws Exception {
    Patience.until(
        "a checkpoint",
        () -> !checkpoints().isEmpty() || !process.isAlive(),
        directory.resolve("train.err"));
    assertThat(process.isAlive()).as(() -> read("train.err")).isTrue();
  }

  /** Of the run that goes on, whole whenever it is looked at. */
  private void waitForReport(Process process) throws Exception {
    Path report = directory.resolve("long run/report.html");
    for (String seen = ""; !seen.contains("valid split"); Thread.sleep(20)) {
      assertThat(process.isAlive()).as(() -> read("train.err")).isTrue();
      if (Files.exists(report)) {
        seen = Files.readString(report);
        assertThat(seen)
            .endsWith("</html>\n")
            .contains("Running: step ", " of 100,000,000 (0 %)", "http-equiv=\"refresh\"");
      }
    }
    assertThat(Files.readString(report)).contains(" left.");
  }

  private static void interrupt(Process process) throws Exception {
    Process kill = new ProcessBuilder("kill", "-INT", Long.toString(process.pid())).start();
    assertThat(kill.waitFor()).isZero();
  }

  /** Visible ones, oldest first. */
  private List<Path> checkpoints() throws IOException {
    Path folder = directory.resolve("long run/checkpoints");
    if (!Files.exists(folder)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(folder)) {
      return files.filter(f -> f.getFileName().toString().startsWith("step-")).sorted().toList();
    }
  }

  private static void assertWhole(Path checkpoint) throws IOException, NoSuchAlgorithmException {
    JsonNode done = new ObjectMapper().readTree(Files.readString(checkpoint.resolve("DONE")));
    assertThat(done.fieldNames())
        .toIterable()
        .contains("model.safetensors", "optimizer.safetensors", "state.json", "metrics.jsonl");
    for (Map.Entry<String, JsonNode> file : done.properties()) {
      byte[] bytes = Files.readAllBytes(checkpoint.resolve(file.getKey()));
      byte[] sum = MessageDigest.getInstance("SHA-256").digest(bytes);
      assertThat(bytes.length).isEqualTo(file.getValue().get("bytes").asInt());
      assertThat(HexFormat.of().formatHex(sum)).isEqualTo(file.getValue().get("sha256").asText());
    }
  }

  /** Starts the launcher in the temporary directory; what it writes goes to JOB.out and JOB.err. */
  private Process start(String... arguments) throws IOException {
    List<String> command = new ArrayList<>();
    if (Files.exists(Path.of("/proc/self"))) {
      // A background job of a shell starts its children with SIGINT ignored.
      command.addAll(List.of("env", "--default-signal=INT"));
    }
    command.add(LAUNCHER.toString());
    command.addAll(List.of(arguments));
    command.addAll(List.of("--", "--master", "local[1]"));
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(Redirect.to(directory.resolve(arguments[0] + ".out").toFile()))
            .redirectError(Redirect.to(directory.resolve(arguments[0] + ".err").toFile()));
    builder.environment().keySet().removeIf(name -> name.startsWith("SPARK"));
    return builder.start();
  }

  private Outcome end(Process process, String job) throws Exception {
    Patience.untilEnded(process, directory.resolve(job + ".err"));
    return new Outcome(process.exitValue(), read(job + ".out"), read(job + ".err"));
  }

  private String read(String file) {
    try {
      return Files.readString(directory.resolve(file));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private record Outcome(int code, String out, String err) {}
}
