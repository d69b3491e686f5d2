package io.sparkformer.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.ShownProgress;
import io.sparkformer.ml.ClassifierFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableEvaluationTest {

  @TempDir private static Path directory;
  private static String model;

  @BeforeAll
  static void makeModel() throws IOException {
    model = ClassifierFixture.write(directory.resolve("model"));
  }

  private static CommandRun evaluate(String... rows) throws IOException {
    Path table = Files.write(directory.resolve("table.json"), List.of(rows));
    return CommandRun.of(
        "evaluate", "--model", model, "--input", table.toString(), "--format", "json");
  }

  @Test
  void progressEndsWithEveryRow() throws IOException {
    try (ShownProgress shown = ShownProgress.watch()) {
      evaluate(
              "{\"text\": \"a film\", \"label\": \"good\"}",
              "{\"text\": \"another\", \"label\": \"bad\"}")
          .requireDone();
      assertThat(shown.of("evaluate")).last().isEqualTo("evaluate: 100% (0 of 0 kB) 2 rows");
    }
  }

  @Test
  void rowsWithoutATextOrALabelAreSkippedAndCounted() throws IOException {
    CommandRun run =
        evaluate(
            "{\"text\": \"a film\", \"label\": \"good\"}",
            "{\"text\": \"another\", \"label\": \"bad\"}",
            "{\"text\": null, \"label\": \"bad\"}",
            "{\"text\": \"a third\", \"label\": null}");

    run.requireDone();
    JsonNode json = run.json();
    assertThat(json.get("targets").longValue()).isEqualTo(2);
    assertThat(json.get("skipped").longValue()).isEqualTo(2);
    assertThat(json.at("/confusion/labels")).hasSize(3);
    assertThat(json.at("/report/labels")).hasSize(3);
    assertThat(json.get("loss").doubleValue()).isPositive();
    assertThat(json.has("split")).isFalse();
  }

  @Test
  void aLabelThatTheModelDoesNotKnowIsNamed() throws IOException {
    CommandRun run = evaluate("{\"text\": \"a film\", \"label\": \"superb\"}");

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.err())
        .contains("the label 'superb' of --input ")
        .contains("is none of the model's (bad, fair, good): correct the table")
        .doesNotContain("\tat ");
  }

  @Test
  void aTableWithoutLabelsIsAMistake() throws IOException {
    assertThat(evaluate("{\"text\": \"a film\", \"label\": null}").err())
        .contains(
            "has no row with both a label and a result: check --text-column and --label-column");
    CommandRun missing = evaluate("{\"text\": \"a film\", \"stars\": \"good\"}");
    assertThat(missing.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(missing.err())
        .contains("has no column 'label' (--label-column): use one of stars, text");
  }
}
