package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Sentiment of film reviews, from a table to a scored table. */
class ReviewsChainTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int ROWS = 10_662;

  @TempDir private Path directory;

  @Test
  void aTableIsTokenizedTrainedOnEvaluatedAndScored() throws IOException {
    ReviewsTable.write(directory.resolve("reviews.jsonl"));
    done(
        "tokenize",
        "--input",
        path("reviews.jsonl"),
        "--format",
        "json",
        "--text-column",
        "text",
        "--label-column",
        "label",
        "--split",
        "stratified",
        "--tokenizer",
        "gpt2",
        "--output",
        path("data"));
    done(
        "train",
        "--config",
        JobProcess.CHECKOUT.resolve("conf/reviews.yaml").toString(),
        "--data",
        path("data"),
        "--output",
        path("run"),
        "--set",
        "training.max-epochs=2");
    JsonNode train = evaluate("--data", path("data"), "--split", "train");
    JsonNode valid = evaluate("--data", path("data"), "--split", "valid");

    JsonNode table =
        evaluate(
            "--input",
            path("reviews.jsonl"),
            "--format",
            "json",
            "--text-column",
            "text",
            "--label-column",
            "label");
    JsonNode scored =
        done(
            "score",
            "--model",
            path("run/last"),
            "--input",
            path("reviews.jsonl"),
            "--format",
            "json",
            "--output",
            path("scored"));

    assertThat(valid.get("accuracy").doubleValue()).isGreaterThan(0.68);
    assertThat(table.get("targets").longValue()).isEqualTo(ROWS);
    assertThat(table.get("skipped").longValue()).isZero();
    double right = right(train) + right(valid);
    assertThat(table.get("accuracy").doubleValue()).isCloseTo(right / ROWS, within(2.0 / ROWS));
    double loss =
        (train.get("loss").doubleValue() * train.get("targets").longValue()
                + valid.get("loss").doubleValue() * valid.get("targets").longValue())
            / ROWS;
    assertThat(table.get("loss").doubleValue()).isCloseTo(loss, within(1e-4));
    assertThat(scored.get("rows").longValue()).isEqualTo(ROWS);
    assertThat(scored.get("errors").longValue()).isZero();
    for (int label = 0; label < 2; label++) {
      long column =
          table.at("/confusion/counts/0/" + label).longValue()
              + table.at("/confusion/counts/1/" + label).longValue();
      String name = table.at("/confusion/labels/" + label).textValue();
      assertThat(scored.get("labels").get(name).longValue()).as(name).isEqualTo(column);
    }
    assertThat(agreeing()).isEqualTo(Math.round(right(table)));
  }

  private static double right(JsonNode evaluated) {
    return evaluated.get("accuracy").doubleValue() * evaluated.get("targets").longValue();
  }

  /** Rows of the output whose label is the one that was found. */
  private long agreeing() throws IOException {
    long agreeing = 0;
    try (Stream<Path> files = Files.list(directory.resolve("scored"))) {
      for (Path file : files.filter(f -> f.getFileName().toString().startsWith("part-")).toList()) {
        for (String line : Files.readAllLines(file)) {
          JsonNode row = JSON.readTree(line);
          agreeing += row.get("label").equals(row.at("/prediction/label")) ? 1 : 0;
        }
      }
    }
    return agreeing;
  }

  private JsonNode evaluate(String... source) {
    List<String> arguments = new ArrayList<>(List.of("evaluate", "--model", path("run/last")));
    arguments.addAll(List.of(source));
    return done(arguments.toArray(String[]::new));
  }

  private static JsonNode done(String... arguments) {
    CommandRun run = CommandRun.of(arguments);
    run.requireDone();
    return run.json();
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }
}
