package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.train.TrainedFiles;
import io.sparkformer.jobs.train.Training;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Classifiers through the launcher: two ranks leave what one does, and people see the figures. */
class ClassificationChainIT {

  @TempDir private Path directory;

  @Test
  void twoRanksLeaveTheClassifierOfOneAndEvaluateShowsIt() throws Exception {
    Path table = ThreeClassTexts.table(directory.resolve("table.jsonl"));
    Files.writeString(directory.resolve("three-classes.yaml"), ThreeClassTexts.RECIPE);
    run(Training.ONE_JVM, ThreeClassTexts.tokenize(table, Path.of("data"), "--split", "stratified"))
        .result();

    JsonNode one = train(Training.ONE_JVM, "three-classes.yaml", "one", "--data", "data").result();
    JobProcess.Outcome two =
        train(Training.PROCESSES, "three-classes.yaml", "two", "--data", "data", "--workers", "2");

    assertThat(two.result().get("workers").asInt()).isEqualTo(2);
    requireSame("two", "one");
    for (String key : List.of("steps", "valid_loss", "valid_accuracy", "train_loss", "best")) {
      assertThat(two.result().get(key)).as(key).isEqualTo(one.get(key));
    }
    JobProcess.Outcome evaluated =
        run(Training.ONE_JVM, List.of("evaluate", "--model", "two/last", "--data", "data"));
    assertThat(evaluated.result().get("accuracy")).isEqualTo(one.get("valid_accuracy"));
    assertThat(evaluated.err())
        .contains("precision", "recall", "macro avg", "weighted avg")
        .contains(ThreeClassTexts.LABELS);
  }

  @Test
  void executorsMakeTheDigitsThatTheyLabel() throws Exception {
    String recipe = JobProcess.CHECKOUT.resolve("conf/reversal.yaml").toString();
    List<String> few =
        List.of(
            "--set",
            "data.train-samples=1280",
            "--set",
            "data.valid-samples=256",
            "--set",
            "training.micro-batch-size=32",
            "--set",
            "training.global-batch-size=128",
            "--set",
            "evaluation.interval=5");

    JsonNode one = train(Training.ONE_JVM, recipe, "one", few.toArray(new String[0])).result();
    List<String> shared = new ArrayList<>(few);
    shared.addAll(List.of("--workers", "2"));
    JsonNode two = train(Training.PROCESSES, recipe, "two", shared.toArray(new String[0])).result();

    assertThat(one.get("steps").asInt()).isEqualTo(10);
    assertThat(two.get("workers").asInt()).isEqualTo(2);
    assertThat(two.get("valid_accuracy")).isEqualTo(one.get("valid_accuracy"));
    requireSame("two", "one");
    assertThat(directory.resolve("two/report.html")).exists();
  }

  private void requireSame(String run, String other) throws IOException {
    TrainedFiles files = new TrainedFiles(directory.resolve(run));
    files.requireSameAs(new TrainedFiles(directory.resolve(other)));
    files.requireTidy();
    for (String file : List.of("best/evaluation.json", "last/evaluation.json", "showcase.json")) {
      assertThat(directory.resolve(run).resolve(file))
          .hasSameBinaryContentAs(directory.resolve(other).resolve(file));
    }
  }

  private JobProcess.Outcome train(String master, String recipe, String output, String... more)
      throws Exception {
    List<String> arguments =
        new ArrayList<>(List.of("train", "--config", recipe, "--output", output));
    arguments.addAll(List.of(more));
    return run(master, arguments);
  }

  private JobProcess.Outcome run(String master, List<String> arguments) throws Exception {
    return JobProcess.run(directory, master, arguments);
  }
}
