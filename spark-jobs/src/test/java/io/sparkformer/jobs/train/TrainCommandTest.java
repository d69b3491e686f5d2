package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.Main;
import io.sparkformer.jobs.ShownProgress;
import io.sparkformer.jobs.cluster.RunEvent;
import io.sparkformer.jobs.cluster.RunEvents;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.tokenize.TokenizeCommand;
import io.sparkformer.run.Metric;
import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The train job as a user meets it: options, exit codes, one line of JSON or one of explanation.
 */
class TrainCommandTest {

  private static final String BEFORE_IT_MOVED = "io.sparkformer.jobs.RunEvents";

  private static final String TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(40);
  private static final String RECIPE =
      """
      model: {context-length: 8, num-layers: 1, num-heads: 2, embedding-dim: 16}
      training: {max-steps: 12, micro-batch-size: 4, threads: 1, log-interval: 2}
      schedule: {warmup-steps: 2}
      evaluation: {interval: 6, batches: 4}
      checkpoint: {interval: 4}
      """;

  @TempDir private static Path shared;
  private static Path data;

  @TempDir private Path directory;
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();
  private Path config;
  private Path output;

  @BeforeAll
  static void tokenize() throws IOException {
    Path text = Files.writeString(shared.resolve("text.txt"), TEXT);
    data = shared.resolve("data");
    TrainCommandTest test = new TrainCommandTest();
    test.useLocalSpark();
    try {
      assertThat(test.run("tokenize", "--input", text.toString(), "--output", data.toString()))
          .isEqualTo(ExitCode.DONE);
    } finally {
      test.leaveLocalSpark();
    }
  }

  @BeforeEach
  void useLocalSpark() throws IOException {
    System.setProperty("spark.master", "local[2]");
    if (directory != null) {
      config = Files.writeString(directory.resolve("tiny.yaml"), RECIPE);
      output = directory.resolve("out put");
    }
  }

  @AfterEach
  void leaveLocalSpark() {
    System.clearProperty("spark.master");
  }

  @Test
  void aTrainedModelComesWithMetricsCurvesAndOneLineOfJson() throws IOException {
    assertThat(train()).as(err()).isEqualTo(ExitCode.DONE);

    JsonNode result = new ObjectMapper().readTree(out());
    assertThat(out().lines()).hasSize(1);
    assertThat(result.get("steps").asInt()).isEqualTo(12);
    assertThat(result.get("resumed_from").asInt()).isZero();
    assertThat(result.get("output").asText()).isEqualTo(output.toString());
    assertThat(result.get("parameters").asInt()).isPositive();
    for (String key : List.of("train_loss", "valid_loss", "best")) {
      assertThat(result.get(key).asDouble()).as(key).isBetween(1.0, Math.log(28));
    }
    assertThat(result.get("tokens_per_second").asDouble()).isPositive();
    assertThat(result.get("seconds").asDouble()).isPositive();
    assertThat(names(output))
        .containsExactly(
            "best",
            "checkpoints",
            "last",
            "learning-rate.png",
            "loss.png",
            "metrics.jsonl",
            "recipe.yaml",
            "report.html",
            "showcase.json",
            "tensorboard");
    assertThat(events())
        .containsSequence("TRAIN 6 train", "EVALUATION 6 train", "EVALUATION 6 valid")
        .endsWith("TRAIN 12 train", "EVALUATION 12 train", "EVALUATION 12 valid");
    BufferedImage curves = ImageIO.read(output.resolve("loss.png").toFile());
    assertThat(curves.getWidth()).isEqualTo(960);
    assertThat(curves.getHeight()).isEqualTo(600);
    assertThat(coloursOf(curves)).as("white, axes and three curves").isGreaterThan(4);
  }

  @Test
  void progressEndsWithTheLastStepWhateverTheLogInterval() throws IOException {
    try (ShownProgress shown = ShownProgress.watch()) {
      assertThat(train("--set", "training.log-interval=5")).as(err()).isEqualTo(ExitCode.DONE);
      assertThat(shown.of("train")).last().asString().startsWith("train: 100% (12 of 12 steps)");
    }
  }

  @Test
  void aFinishedRunsReportSaysWhatItWasAskedFor() throws IOException {
    assertThat(train()).as(err()).isEqualTo(ExitCode.DONE);
    assertThat(report())
        .contains(
            "Finished at step 12.",
            "<dd>" + data + "</dd>",
            "<dd>sparkformer train --config " + config + " --data ",
            "--output &#39;" + output + "&#39;")
        .doesNotContain("http-equiv");
  }

  @Test
  void aRunThatDivergedHasItsReport() throws IOException {
    assertThat(train("--set", "optimizer.learning-rate=1e30", "--set", "optimizer.max-grad-norm=0"))
        .isEqualTo(ExitCode.MISUSED);
    assertThat(report())
        .contains("<p>Diverged: the loss", " at step ", "lower optimizer.learning-rate", "</svg>")
        .doesNotContain("http-equiv", "Running");
    assertThat(output.resolve("loss.png")).isNotEmptyFile();
  }

  @Test
  void aRunThatMayNotBeginLeavesTheReportOfTheOneBefore() throws IOException {
    assertThat(train()).as(err()).isEqualTo(ExitCode.DONE);
    String before = report();
    String[] tooLarge = {
      "--set", "model.embedding-dim=200000", "--set", "model.num-layers=100", "--overwrite"
    };
    assertThat(train(tooLarge)).isEqualTo(ExitCode.MISUSED);
    assertThat(report()).isEqualTo(before);
  }

  private String report() throws IOException {
    return Files.readString(output.resolve("report.html"));
  }

  @Test
  void overwriteNeverTakesTheDataSetOrAnyOtherFileOfTheUser() throws IOException {
    assertThat(train()).as(err()).isEqualTo(ExitCode.DONE);
    Path notes = Files.writeString(output.resolve("notes.txt"), "mine");
    assertThat(train("--overwrite")).as(err()).isEqualTo(ExitCode.DONE);
    assertThat(notes).hasContent("mine");

    Path inside = Files.createDirectory(output.resolve("data"));
    err.reset();
    assertThat(
            run(
                "train",
                "--config",
                config.toString(),
                "--data",
                inside.toString(),
                "--output",
                output.toString(),
                "--overwrite"))
        .isEqualTo(ExitCode.MISUSED);
    assertThat(err()).contains("are the same or one lies in the other: choose an output outside");
    assertThat(inside).exists();
  }

  @Test
  void resumeGoesOnAndOverwriteStartsAgain() throws IOException {
    assertThat(train()).isEqualTo(ExitCode.DONE);
    out.reset();

    assertThat(train("--resume", "--set", "training.max-steps=16")).isEqualTo(ExitCode.MISUSED);
    assertThat(err().lines().reduce((first, next) -> next).orElseThrow())
        .startsWith("sparkformer train: cannot resume " + output + " as it was: ")
        .contains("the learning rate of step 13 was to be 0.000100 and is 0.00")
        .endsWith(
            " (training.max-steps was 12 and is 16): use what the run was started with, or give"
                + " --allow-changes");
    assertThat(events()).doesNotContain("TRAIN 16 train");

    assertThat(train("--resume", "--allow-changes", "--set", "training.max-steps=16"))
        .as(err())
        .isEqualTo(ExitCode.DONE);

    JsonNode resumed = new ObjectMapper().readTree(out());
    assertThat(resumed.get("resumed_from").asInt()).isEqualTo(12);
    assertThat(resumed.get("steps").asInt()).isEqualTo(16);
    assertThat(events()).contains("TRAIN 2 train", "TRAIN 16 train").doesNotHaveDuplicates();
    out.reset();

    assertThat(train("--overwrite", "--set", "training.max-steps=2")).isEqualTo(ExitCode.DONE);

    assertThat(new ObjectMapper().readTree(out()).get("resumed_from").asInt()).isZero();
    assertThat(names(output.resolve("checkpoints"))).containsExactly("step-00000002");
  }

  @Test
  void sessionsThatNameThePluginAsItWasCalledBeforeHearOfRunsToo() throws Exception {
    List<String> heard = new ArrayList<>();
    SparkConf conf = LocalSpark.conf("local[1]").set(RunEvents.PLUGINS, BEFORE_IT_MOVED);
    RunEvents.listen("a run", event -> heard.add(event.toString()));
    try (JavaSparkContext spark = LocalSpark.open(conf)) {
      spark
          .parallelize(List.of("a run"), 1)
          .foreach(run -> RunEvents.send(run, new RunEvent.Started(0, 0, 1)));
      for (int i = 0; i < 200 && heard.isEmpty(); i++) {
        Thread.sleep(50);
      }
    } finally {
      RunEvents.forget("a run");
    }

    assertThat(RunEvents.areCarriedIn(conf)).isTrue();
    assertThat(heard).containsExactly("Started[attempt=0, step=0, workers=1]");
  }

  @Test
  void theDriverHearsOfItsRunsStepsAloneWhileTheTaskRuns() throws Exception {
    List<String> heard = new ArrayList<>();
    List<String> others = new ArrayList<>();
    List<Boolean> finishedThen = new ArrayList<>();
    try (org.apache.spark.api.java.JavaSparkContext spark =
        SparkContexts.open("test", RunEvents.class)) {
      Path gate = directory.resolve("gate");
      RunEvents.listen(
          "a run",
          event -> {
            try {
              heard.add(
                  event instanceof RunEvent.Measured measured
                      ? measured.metric().event() + " " + measured.metric().step()
                      : event.toString());
              finishedThen.add(Files.exists(gate.resolveSibling("done")));
              Files.writeString(gate, "heard");
            } catch (IOException e) {
              throw new java.io.UncheckedIOException(e);
            }
          });
      RunEvents.listen("another run", event -> others.add(event.toString()));
      RunEvents.listen("a run before", event -> others.add("forgotten: " + event));
      RunEvents.forget("a run before");
      String name = gate.toString();
      // The task ends only after the driver has heard it: an accumulator would never arrive.
      boolean told =
          spark
              .parallelize(List.of(name), 1)
              .map(
                  path -> {
                    RunEvents.send("a run before", new RunEvent.Mistake("too late"));
                    RunEvents.send("another run", new RunEvent.Mistake("a key"));
                    RunEvents.send(
                        "a run",
                        new RunEvent.Measured(
                            new Metric(
                                Metric.Event.TRAIN,
                                3,
                                null,
                                SplitName.TRAIN,
                                1.5,
                                null,
                                null,
                                null,
                                null,
                                null,
                                10.0,
                                null,
                                0)));
                    for (int i = 0; i < 200 && !Files.exists(Path.of(path)); i++) {
                      Thread.sleep(50);
                    }
                    return Files.exists(Path.of(path));
                  })
              .first();
      assertThat(told).isTrue();
    } finally {
      RunEvents.forget("a run");
      RunEvents.forget("another run");
    }

    assertThat(heard).containsExactly("TRAIN 3");
    assertThat(others).containsExactly("Mistake[message=a key]");
    assertThat(finishedThen).containsExactly(false);
  }

  @Test
  void mistakesInTheRecipeAreOneLine() throws IOException {
    String missing = directory.resolve("none.yaml").toString();
    assertRefused(
        command(missing, data), "none.yaml: no such recipe: check the path given to --config");
    assertRefused(
        command(directory.toString(), data),
        " is a directory: --config takes a recipe's YAML file");
    Path unknown = Files.writeString(directory.resolve("unknown.yaml"), "training: {steps: 3}");
    assertRefused(
        command(unknown.toString(), data),
        "unknown.yaml: unknown key 'training.steps': known here are training.max-steps, ");
    assertRefused(
        command("--set", "model.num-heads=3"),
        "model.embedding-dim (16) is not a multiple of model.num-heads (3): change one of them");
    assertRefused(
        command("--set", "model.context-length=5000"),
        "split 'train' has 1620 tokens, but model.context-length 5000 needs at least 5001: ");
  }

  @Test
  void mistakesInTheDataAreOneLine() throws IOException {
    assertRefused(
        command(config.toString(), directory.resolve("none")),
        "none: no such data set: check the path, or make one with the tokenize job");
    assertRefused(
        command(config.toString(), Files.createDirectory(directory.resolve("empty"))),
        "has no dataset.json, so it is not a token data set: check the path");
    Path altered = Files.createDirectory(directory.resolve("altered"));
    try (Stream<Path> files = Files.list(data)) {
      for (Path file : files.toList()) {
        Files.copy(file, altered.resolve(file.getFileName().toString()));
      }
    }
    Path shard = altered.resolve("valid-00000-of-00001.bin");
    byte[] bytes = Files.readAllBytes(shard);
    bytes[50] ^= 1;
    Files.write(shard, bytes);

    assertRefused(
        command(config.toString(), altered),
        "altered/valid-00000-of-00001.bin was altered between its bytes 0 and ");
  }

  @Test
  void mistakesInTheOutputAreOneLine() throws IOException {
    assertRefused(command("--resume"), "out put: check --output, or leave --resume away to start");
    assertRefused(
        command("--resume", "--overwrite"),
        "--resume and --overwrite exclude each other: give one");
    assertRefused(
        command("--allow-changes"),
        "--allow-changes is for a run that goes on: give it with --resume, or leave it away");
    Files.createDirectory(output);
    Path mine = Files.writeString(output.resolve("thesis.txt"), "Chapter 1");

    assertRefused(command(), "out put exists: give another --output, --resume to go on with it");
    assertRefused(command("--overwrite"), "out put is not a training output, so --overwrite does");
    assertThat(mine).hasContent("Chapter 1");
    output = mine.resolve("below a file");
    assertRefused(command(), "below a file cannot be written (");
  }

  @Test
  void mistakesInTheNumberOfRanksAreOneLine() throws IOException {
    assertRefused(
        command("--workers", "9", "--set", "training.global-batch-size=8"),
        "--workers 9 is more than the rows of a step, 8 (training.global-batch-size): lower --workers,"
            + " or raise the global batch size");
    assertRefused(command("--workers", "0"), "--workers is 0: it must be at least 1");
    assertRefused(
        command("--min-workers", "2"),
        "--min-workers is 2: it must be from 1 to --workers, which is 1");
    assertRefused(command("--max-failures", "-1"), "--max-failures is -1: it must be at least 0");
    assertRefused(command("--wait-seconds", "-1"), "--wait-seconds is -1: it must be at least 0");
    assertRefused(
        command("--rank-timeout-seconds", "0"),
        "--rank-timeout-seconds is 0: it must be at least 1");
    assertRefused(command("--keep", "0"), "checkpoint.keep is 0: it must be at least 1");
  }

  private int train(String... more) {
    return run(command(more));
  }

  private String[] command(String... more) {
    return Stream.concat(Arrays.stream(command(config.toString(), data)), Arrays.stream(more))
        .toArray(String[]::new);
  }

  private String[] command(String recipe, Path dataset) {
    return new String[] {
      "train", "--config", recipe, "--data", dataset.toString(), "--output", output.toString()
    };
  }

  private int run(String... arguments) {
    return Main.run(
        List.of(new TokenizeCommand(), new TrainCommand()),
        arguments,
        new PrintStream(out, false, StandardCharsets.UTF_8),
        new PrintStream(err, false, StandardCharsets.UTF_8));
  }

  /** Exit code 2, one line that holds this, nothing on standard output, the output untouched. */
  private void assertRefused(String[] arguments, String message) throws IOException {
    err.reset();
    List<String> before = Files.exists(output) ? names(output) : null;

    assertThat(run(arguments)).as(err()).isEqualTo(ExitCode.MISUSED);

    assertThat(err()).startsWith("sparkformer train: ").contains(message).endsWith("\n");
    assertThat(err().lines()).hasSize(1);
    assertThat(out()).isEmpty();
    assertThat(Files.exists(output) ? names(output) : null).isEqualTo(before);
  }

  private List<String> events() throws IOException {
    List<String> events = new ArrayList<>();
    for (String line : Files.readAllLines(output.resolve("metrics.jsonl"))) {
      JsonNode metric = new ObjectMapper().readTree(line);
      events.add(
          metric.get("event").asText()
              + " "
              + metric.get("step").asText()
              + " "
              + metric.get("split").asText());
    }
    return events;
  }

  private static List<String> names(Path folder) throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(file -> file.getFileName().toString()).sorted().toList();
    }
  }

  private static long coloursOf(BufferedImage image) {
    return Arrays.stream(
            image.getRGB(0, 0, image.getWidth(), image.getHeight(), null, 0, image.getWidth()))
        .distinct()
        .count();
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }
}
