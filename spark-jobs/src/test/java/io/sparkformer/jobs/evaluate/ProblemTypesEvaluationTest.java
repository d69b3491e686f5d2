package io.sparkformer.jobs.evaluate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.ml.ClassifierFixture;
import io.sparkformer.model.ProblemType;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Labelled tables for models of any number of labels, of one label, and of numbers. */
class ProblemTypesEvaluationTest {

  private static final List<String> LABELS = List.of("sad", "fear", "joy");
  private static final List<String> TEXTS =
      List.of("a film", "another", "a third one", "the 4th of many", "last");
  private static final List<Set<String>> RIGHT =
      List.of(Set.of("sad", "joy"), Set.of(), Set.of("fear"), Set.of("joy"), Set.of("sad"));
  private static final double[] STARS = {3.5, -1, 0, 2, 1e2};

  @TempDir private static Path directory;
  private static String several;
  private static String one;
  private static String numbers;

  @BeforeAll
  static void makeModels() throws IOException {
    several =
        ClassifierFixture.write(
            directory.resolve("several"), ProblemType.MULTI_LABEL_CLASSIFICATION, LABELS);
    one =
        ClassifierFixture.write(
            directory.resolve("one"), ProblemType.SINGLE_LABEL_CLASSIFICATION, List.of("sad"));
    numbers =
        ClassifierFixture.write(
            directory.resolve("numbers"), ProblemType.REGRESSION, List.of("stars"));
  }

  private static CommandRun evaluate(String model, String table, String format, String... more) {
    List<String> arguments = new ArrayList<>(List.of("evaluate", "--model", model));
    arguments.addAll(List.of("--input", table, "--format", format));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments);
  }

  private static String json(List<String> labels) throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < labels.size(); i++) {
      rows.add("{\"text\": \"%s\", \"label\": %s}".formatted(TEXTS.get(i), labels.get(i)));
    }
    return Files.write(directory.resolve("table.json"), rows).toString();
  }

  private static List<String> sets(String separator, String before, String after) {
    return RIGHT.stream()
        .map(right -> before + String.join(separator, right) + after)
        .map(set -> set.replace("[\"\"]", "[]"))
        .toList();
  }

  /** Mean binary cross entropy of logits, as torch computes it. */
  private static double crossEntropy(float[][] logits, int labels) {
    double sum = 0;
    for (int row = 0; row < logits.length; row++) {
      for (int label = 0; label < labels; label++) {
        double x = logits[row][label];
        double y = RIGHT.get(row).contains(LABELS.get(label)) ? 1 : 0;
        sum += Math.max(x, 0) - x * y + Math.log1p(Math.exp(-Math.abs(x)));
      }
    }
    return sum / logits.length / labels;
  }

  @Test
  void labelsInArraysAndInTextAreHeldAgainstThoseThatHold() throws IOException {
    float[][] logits = ClassifierFixture.logits(several, TEXTS);
    double bound = Math.log(0.3 / 0.7); // the logit of the threshold
    int[] hits = new int[3];
    int[] found = new int[3];
    int exact = 0;
    for (int row = 0; row < logits.length; row++) {
      int agree = 0;
      for (int label = 0; label < 3; label++) {
        boolean holds = logits[row][label] > bound;
        boolean right = RIGHT.get(row).contains(LABELS.get(label));
        hits[label] += holds && right ? 1 : 0;
        found[label] += holds ? 1 : 0;
        agree += holds == right ? 1 : 0;
      }
      exact += agree == 3 ? 1 : 0;
    }
    int[] actual = {2, 1, 2};

    for (String table : List.of(json(sets("\", \"", "[\"", "\"]")), json(sets("|", "\"", "\"")))) {
      JsonNode result = evaluate(several, table, "json", "--threshold", "0.3").requireDone().json();

      assertThat(result.get("loss").asDouble()).isCloseTo(crossEntropy(logits, 3), within(1e-5));
      assertThat(result.get("accuracy").asDouble()).isEqualTo(exact / 5.0);
      assertThat(result.get("targets").asInt()).isEqualTo(5);
      assertThat(result.get("skipped").asInt()).isZero();
      for (int label = 0; label < 3; label++) {
        JsonNode scores = result.at("/report/labels/" + label);
        assertThat(scores.get("label").asText()).isEqualTo(LABELS.get(label));
        assertThat(scores.at("/scores/support").asInt()).isEqualTo(actual[label]);
        assertThat(scores.at("/scores/f1").asDouble())
            .isCloseTo(2.0 * hits[label] / (actual[label] + found[label]), within(1e-12));
      }
      assertThat(result.at("/report/micro_average/f1").asDouble())
          .isCloseTo(
              2.0 * (hits[0] + hits[1] + hits[2]) / (5 + found[0] + found[1] + found[2]),
              within(1e-12));
      assertThat(result.at("/report/macro_average/support").asInt()).isEqualTo(5);
      assertThat(result.has("confusion")).isFalse();
    }
  }

  @Test
  void arraysOfParquetAndTextOfCsvAreLabelsToo() throws IOException {
    String parquet = directory.resolve("parquet").toString();
    SparkSession spark = SparkSession.builder().config(LocalSpark.conf("local[1]")).getOrCreate();
    try {
      spark
          .sql(
              "SELECT * FROM VALUES ('a film', array('sad', 'joy')), ('another', array()),"
                  + " ('a third one', null), (null, array('joy')) AS t(text, label)")
          .write()
          .parquet(parquet);
    } finally {
      spark.stop();
    }
    Path csv = directory.resolve("table.csv");
    Files.write(csv, List.of("text,label", "a film,sad|joy", "another,|", "a third one,", ",joy"));

    JsonNode arrays = evaluate(several, parquet, "parquet").requireDone().json();
    JsonNode text = evaluate(several, csv.toString(), "csv").requireDone().json();

    assertThat(arrays.get("targets").asInt()).isEqualTo(2);
    assertThat(arrays.get("skipped").asInt()).isEqualTo(2);
    assertThat(text.get("loss").asDouble()).isCloseTo(arrays.get("loss").asDouble(), within(1e-6));
    assertThat(text.get("report")).isEqualTo(arrays.get("report"));
  }

  @Test
  void aLoneLabelIsOneOfASetOfOne() throws IOException {
    float[][] logits = ClassifierFixture.logits(one, TEXTS);
    List<String> labels =
        RIGHT.stream().map(right -> right.contains("sad") ? "\"sad\"" : "\"\"").toList();

    JsonNode result = evaluate(one, json(labels), "json").requireDone().json();

    assertThat(result.get("loss").asDouble()).isCloseTo(crossEntropy(logits, 1), within(1e-5));
    assertThat(result.at("/report/labels")).hasSize(1);
    assertThat(result.at("/report/labels/0/scores/support").asInt()).isEqualTo(2);
  }

  @Test
  void numbersHaveTheirErrorsAndCorrelation() throws IOException {
    float[][] logits = ClassifierFixture.logits(numbers, TEXTS);
    double squares = 0;
    double absolutes = 0;
    double meanFound = 0;
    double meanRight = 0;
    for (int i = 0; i < STARS.length; i++) {
      squares += Math.pow(logits[i][0] - STARS[i], 2) / STARS.length;
      absolutes += Math.abs(logits[i][0] - STARS[i]) / STARS.length;
      meanFound += logits[i][0] / STARS.length;
      meanRight += STARS[i] / STARS.length;
    }
    double both = 0;
    double found = 0;
    double right = 0;
    for (int i = 0; i < STARS.length; i++) {
      both += (logits[i][0] - meanFound) * (STARS[i] - meanRight);
      found += Math.pow(logits[i][0] - meanFound, 2);
      right += Math.pow(STARS[i] - meanRight, 2);
    }

    for (String table :
        List.of(
            json(List.of("3.5", "-1", "0", "2", "1e2")),
            json(List.of("\"3.5\"", "\"-1.0\"", "\"0\"", "\" 2 \"", "\"100\"")))) {
      JsonNode result = evaluate(numbers, table, "json").requireDone().json();

      assertThat(result.get("loss").asDouble()).isCloseTo(squares, within(1e-3));
      assertThat(result.get("mean_absolute_error").asDouble()).isCloseTo(absolutes, within(1e-5));
      assertThat(result.get("pearson").asDouble())
          .isCloseTo(both / Math.sqrt(found * right), within(1e-6));
      assertThat(result.fieldNames())
          .toIterable()
          .containsExactly(
              "loss",
              "mean_absolute_error",
              "pearson",
              "targets",
              "skipped",
              "model",
              "data",
              "seconds");
    }
    JsonNode same = evaluate(numbers, json(List.of("1", "1", "null")), "json").requireDone().json();
    assertThat(same.has("pearson")).isFalse();
    assertThat(same.get("targets").asInt()).isEqualTo(2);
    assertThat(same.get("skipped").asInt()).isEqualTo(1);
  }

  @Test
  void labelsThatDoNotFitTheModelAreNamed() throws IOException {
    evaluate(several, json(List.of("[\"sad\", \"glee\"]")), "json")
        .requireMistake(
            "the label 'glee' of --input ", "is none of the model's (sad, fear, joy): correct");
    evaluate(several, json(List.of("\"sad, joy\"")), "json")
        .requireMistake("the label 'sad, joy' of --input ");
    evaluate(several, json(List.of("0.5")), "json")
        .requireMistake(
            "--label-column label is of type double: name a column of arrays of strings, or of"
                + " strings with a | between labels");
    for (String label : List.of("good", "NaN", "Infinity", "")) {
      evaluate(numbers, json(List.of("\"" + label + "\"")), "json")
          .requireMistake(
              "the label '" + label + "' of --input ", "is no finite number", "correct the table");
    }
    evaluate(numbers, json(List.of("[1]")), "json")
        .requireMistake("is of type array<bigint>: name a column of numbers");
    String two =
        ClassifierFixture.write(
            directory.resolve("two"), ProblemType.REGRESSION, List.of("stars", "length"));
    evaluate(two, json(List.of("1")), "json")
        .requireMistake("the model is a regression to 2 numbers (stars, length): only one number");
    evaluate(numbers, json(List.of("1")), "json", "--threshold", "0.5")
        .requireMistake("is regression, which has none: leave it away");
  }

  @Test
  void aDataSetHasNoLabelsForThem() throws IOException {
    Path table = Path.of(json(List.of("\"sad\"", "\"joy\"", "\"fear\"", "\"joy\"")));
    String data = directory.resolve("data").toString();
    String tokenizer = directory.resolve("several/tokenizer.json").toString();
    CommandRun.of(
            List.of(
                "tokenize",
                "--input",
                table.toString(),
                "--format",
                "json",
                "--text-column",
                "text",
                "--label-column",
                "label",
                "--tokenizer",
                tokenizer,
                "--output",
                data))
        .requireDone();

    CommandRun.of("evaluate", "--model", several, "--data", data)
        .requireMistake(
            "the problem_type of "
                + several
                + " is multi_label_classification, but a data set has"
                + " one label for each text: give a labelled table with --input");
  }
}
