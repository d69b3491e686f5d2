package io.sparkformer.jobs.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.ml.ClassifierFixture;
import io.sparkformer.model.ProblemType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Scoring with models of any number of labels, and of numbers. */
class ScoreProblemTypesTest {

  private static final List<String> LABELS = List.of("sad", "fear", "joy");

  @TempDir private static Path directory;
  private static String table;

  @BeforeAll
  static void makeTable() throws IOException {
    List<String> rows = new ArrayList<>(List.of("{\"text\": null}"));
    for (int i = 0; i < 20; i++) {
      rows.add("{\"text\": \"a film for day " + i + "\"}");
    }
    table = Files.write(directory.resolve("rows.json"), rows).toString();
  }

  private static String model(ProblemType problem) throws IOException {
    return ClassifierFixture.write(directory.resolve(problem.key()), problem, LABELS);
  }

  private static CommandRun score(String model, String output, String... more) {
    List<String> arguments = new ArrayList<>(List.of("score", "--model", model));
    arguments.addAll(List.of("--input", table, "--format", "json", "--overwrite"));
    arguments.addAll(List.of("--output", directory.resolve(output).toString()));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments);
  }

  private static List<String> lines(String output, String suffix) throws IOException {
    try (Stream<Path> files = Files.list(directory.resolve(output))) {
      return Files.readAllLines(
          files.filter(file -> file.toString().endsWith(suffix)).findFirst().orElseThrow());
    }
  }

  @ParameterizedTest
  @EnumSource(ProblemType.class)
  void aTorchScriptModelScoresAsTheDirectoryThatItWasExportedFrom(ProblemType problem)
      throws IOException {
    String model = model(problem);
    String exported = directory.resolve(problem.key() + "-exported").toString();
    CommandRun.of("export", "--model", model, "--format", "torchscript", "--output", exported)
        .requireDone();

    CommandRun ours = score(model, "ours").requireDone();
    CommandRun theirs = score(exported, "theirs").requireDone();

    assertThat(theirs.json().get("labels")).isEqualTo(ours.json().get("labels"));
    List<String> expected = lines("ours", ".json");
    List<String> found = lines("theirs", ".json");
    assertThat(found).hasSameSizeAs(expected).hasSize(21);
    for (int i = 0; i < expected.size(); i++) {
      JsonNode ourRow = new ObjectMapper().readTree(expected.get(i)).get("prediction");
      JsonNode theirRow = new ObjectMapper().readTree(found.get(i)).get("prediction");
      assertThat(theirRow.get("class_names")).isEqualTo(ourRow.get("class_names"));
      assertThat(theirRow.get("labels")).isEqualTo(ourRow.get("labels"));
      assertThat(theirRow.path("score").asDouble())
          .isCloseTo(ourRow.path("score").asDouble(), within(1e-5));
    }
  }

  @Test
  void theSummaryCountsLabelsThatHoldAndOfNumbersNone() throws IOException {
    String several = model(ProblemType.MULTI_LABEL_CLASSIFICATION);
    JsonNode all = score(several, "all", "--threshold", "0.000001").requireDone().json();
    JsonNode few = score(several, "few", "--threshold", "0.9").requireDone().json();
    JsonNode none = score(model(ProblemType.REGRESSION), "numbers").requireDone().json();

    assertThat(all.get("labels")).hasToString("{\"fear\":20,\"joy\":20,\"sad\":20}");
    assertThat(few.get("labels")).isNotEqualTo(all.get("labels"));
    assertThat(none.get("labels")).isEmpty();
    assertThat(none.get("rows").asInt()).isEqualTo(21);
    assertThat(none.get("errors").asInt()).isEqualTo(1);
  }

  @Test
  void csvHasTheLabelsAsJson() throws IOException {
    score(
            model(ProblemType.MULTI_LABEL_CLASSIFICATION),
            "csv",
            "--output-format",
            "csv",
            "--threshold",
            "0.000001")
        .requireDone();

    List<String> lines = lines("csv", ".csv");
    assertThat(lines.get(0))
        .isEqualTo(
            "text,prediction_class_names,prediction_probabilities,prediction_top_k,prediction_label,"
                + "prediction_score,prediction_labels,prediction_num_tokens,prediction_error");
    assertThat(lines.get(2)).containsPattern("\"\\[\"\"(sad|fear|joy)\"\",.*\\]\",\\d+,$");
  }

  @Test
  void aThresholdThatIsNoneOrOfNoUseIsSaidBeforeAnythingIsWritten() throws IOException {
    String several = model(ProblemType.MULTI_LABEL_CLASSIFICATION);
    score(several, "no", "--threshold", "1")
        .requireMistake("threshold (--threshold) is 1.0: it must be above 0 and below 1");
    score(ClassifierFixture.write(directory.resolve("single")), "no", "--threshold", "0.4")
        .requireMistake(
            "threshold (--threshold) is 0.4, but the problem_type of ",
            "single is single_label_classification, which has none: leave it away");
    score(several, "no", "--threshold", "0.4", "--engine", "djl-spark")
        .requireMistake("--threshold is given, but --engine djl-spark says no labels that hold");
    score(model(ProblemType.REGRESSION), "no", "--engine", "djl-spark")
        .requireMistake("is a regression, which DJL's Spark extension takes for a classifier");
    assertThat(directory.resolve("no")).doesNotExist();
  }
}
