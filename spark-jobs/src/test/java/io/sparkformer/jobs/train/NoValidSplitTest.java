package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.ThreeClassTexts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data sets of which all is for training. */
class NoValidSplitTest {

  @TempDir private Path directory;

  @BeforeEach
  void tokenize() throws IOException {
    Path table = ThreeClassTexts.table(directory.resolve("table.jsonl"));
    CommandRun.of(
            ThreeClassTexts.tokenize(
                table, directory.resolve("data"), "--split", "stratified", "--valid-fraction", "0"))
        .requireDone();
    Files.writeString(directory.resolve("three-classes.yaml"), ThreeClassTexts.RECIPE);
  }

  @Test
  void allThatIsDoneWithOneCopes() throws IOException {
    CommandRun trained = train("evaluation.monitor=loss");

    trained.requireDone();
    JsonNode result = trained.json();
    assertThat(result.get("train_loss").asDouble()).isPositive();
    assertThat(result.has("valid_loss")).isFalse();
    assertThat(result.has("valid_accuracy")).isFalse();
    assertThat(result.get("best").asDouble()).isLessThan(1);
    String report = Files.readString(directory.resolve("run/report.html"));
    assertThat(report)
        .contains("(train split)", "Predictions for examples of the train split")
        .doesNotContain("valid loss", "valid split");
    assertThat(Files.readString(directory.resolve("run/metrics.jsonl"))).doesNotContain("valid");

    CommandRun shown = CommandRun.of("dataset", "show", "--data", at("data"));
    shown.requireDone();
    assertThat(shown.json().at("/splits/valid/tokens").asInt(-1)).isZero();
    CommandRun.of("dataset", "verify", "--data", at("data")).requireDone();
    evaluate("--split", "train").requireDone();
    CommandRun evaluated = evaluate();
    assertThat(evaluated.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(evaluated.err())
        .contains("split 'valid' of ", "has no sequences: use another split, or give it more data");
  }

  @Test
  void whatReliesOnAValidSplitIsRefusedWithAdvice() {
    CommandRun monitored = train("training.max-epochs=1");
    assertThat(monitored.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(monitored.err())
        .contains(
            "evaluation.monitor is accuracy, but ",
            " has no valid split to choose the best model by: set it to loss, which is then that of the train split,"
                + " or make the data set with --valid-fraction above 0");
    CommandRun patient = train("evaluation.patience=1");
    assertThat(patient.err())
        .contains(
            "evaluation.patience is 1, but ",
            " has no valid split to see when to stop: set it to 0, or make the data set with --valid-fraction above 0");
    assertThat(directory.resolve("run")).doesNotExist();
  }

  private CommandRun train(String... settings) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", "--config", at("three-classes.yaml"), "--data", at("data")));
    arguments.addAll(List.of("--output", at("run")));
    Arrays.stream(settings).forEach(setting -> arguments.addAll(List.of("--set", setting)));
    return CommandRun.of(arguments);
  }

  private CommandRun evaluate(String... more) {
    List<String> arguments =
        new ArrayList<>(List.of("evaluate", "--model", at("run/best"), "--data", at("data")));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments);
  }

  private String at(String name) {
    return directory.resolve(name).toString();
  }
}
