package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.jobs.JobProcess;
import io.sparkformer.jobs.ReviewsTable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The recipes of conf/ for a CPU, whole, beside what is published. */
@Tag("recipes")
class RecipesIT {

  private static final Path CONF = Path.of("..").toAbsolutePath().normalize().resolve("conf");
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SPLITS = 5;

  /** By how much a loss may be above the published one. */
  private static final double ABOVE = 0.02;

  @TempDir private static Path shared;
  @TempDir private Path directory;

  @ParameterizedTest(name = "{0}: published {1}")
  @CsvSource({
    "ladder-1-bigram, 2.4919",
    "ladder-2-embedding, 2.5165",
    "ladder-3-one-head, 2.4176",
    "ladder-4-four-heads, 2.2609",
    "ladder-5-feed-forward, 2.2291",
    "ladder-6-no-residual, 2.3403",
    "ladder-7-residual, 2.0681",
    "ladder-8-layer-norm, 2.0590",
    "shakespeare-char-cpu, 1.88",
  })
  void theLadderHasThePublishedLosses(String recipe, double published) throws Exception {
    Path data = shared.resolve("shakespeare");
    if (!Files.exists(data)) {
      tokenize(
          "--input",
          SharedData.file("tinyshakespeare/input.txt").toString(),
          "--tokenizer",
          "char",
          "--output",
          data.toString());
    }

    JsonNode result = train(recipe, "--data", data.toString());

    assertThat(result.get("valid_loss").asDouble()).isLessThanOrEqualTo(published + ABOVE);
  }

  @Test
  void reversalIsSolvedWhereAllIsSeenAndGuessedWhereItIsNot() throws Exception {
    assertThat(train("reversal").get("valid_accuracy").asDouble()).isCloseTo(1, within(0.0005));
    assertThat(train("reversal-causal").get("valid_accuracy").asDouble())
        .isCloseTo(0.5498, within(0.005));
  }

  @Test
  void theToyTellsTheSentencesApart() throws Exception {
    train("toy-attention");
    for (Map.Entry<String, String> sentence :
        Map.of(
                "<st> man ordered the chicken", "chicken",
                "<st> woman ordered the beef", "beef")
            .entrySet()) {
      String text = sentence.getKey();
      JsonNode looked =
          run(
              "attention",
              "--model",
              directory.resolve("run/last").toString(),
              "--text",
              text.substring(0, text.lastIndexOf(' ')),
              "--output",
              directory.resolve(sentence.getValue()).toString());
      assertThat(looked.get("likeliest").get(0).get("name").asText())
          .isEqualTo(sentence.getValue());
    }
    assertThat(lossOf(directory.resolve("beef"), "<st>", "woman", "ordered", "the", "beef"))
        .isLessThanOrEqualTo(0.2586 + ABOVE);
  }

  /** Mean over the words after the first, from what the attention job says of the words before. */
  private static double lossOf(Path looked, String... words) throws IOException {
    JsonNode numbers = JSON.readTree(looked.resolve("attention.json").toFile());
    double sum = 0;
    for (int i = 1; i < words.length; i++) {
      int column = 0;
      while (!numbers.get("classes").get(column).asText().equals(words[i])) {
        column++;
      }
      sum -= Math.log(numbers.get("probabilities").get(i - 1).get(column).asDouble());
    }
    return sum / (words.length - 1);
  }

  @Test
  void sentimentIsAsAccurateAsItSays() throws Exception {
    Path table = shared.resolve("phrasebank.jsonl");
    writeTable(table);
    double simple = 0;
    double best = 0;
    for (int split = 0; split < SPLITS; split++) {
      simple += accuracy("sentiment", split(table, split, "true"), split);
      best += accuracy("sentiment-best", split(table, split, "false"), split);
    }

    assertThat(simple / SPLITS).isGreaterThanOrEqualTo(0.84);
    assertThat(best / SPLITS).isGreaterThanOrEqualTo(0.885);
  }

  @Test
  void reviewsAreAsAccurateAsItSaysInEverySplit() throws Exception {
    Path table = shared.resolve("reviews.jsonl");
    ReviewsTable.write(table);
    double sum = 0;
    for (int split = 0; split < SPLITS; split++) {
      Path data = directory.resolve("reviews-" + split);
      String arguments =
          "--format json --text-column text --label-column label --split stratified --tokenizer gpt2"
              + " --seed "
              + split;
      List<String> all = new ArrayList<>(List.of(arguments.split(" ")));
      all.addAll(List.of("--input", table.toString(), "--output", data.toString()));
      tokenize(all.toArray(new String[0]));

      double accuracy =
          train("reviews", "--data", data.toString()).get("valid_accuracy").asDouble();

      assertThat(accuracy).as("split %d", split).isGreaterThan(0.72);
      sum += accuracy;
    }

    assertThat(sum / SPLITS).isGreaterThanOrEqualTo(0.75);
  }

  private Path split(Path table, int seed, String endOfText) throws Exception {
    Path data = directory.resolve("split-" + seed + "-" + endOfText);
    String arguments =
        "--format json --text-column sentence --label-column label --split stratified --dedup exact"
            + " --tokenizer gpt2 --seed "
            + seed
            + " --end-of-text "
            + endOfText;
    List<String> all = new ArrayList<>(List.of(arguments.split(" ")));
    all.addAll(List.of("--input", table.toString(), "--output", data.toString()));
    tokenize(all.toArray(new String[0]));
    return data;
  }

  private double accuracy(String recipe, Path data, int split) throws Exception {
    JsonNode result =
        train(recipe, "--data", data.toString(), "--set", "training.seed=" + (1337 + split));
    return result.get("valid_accuracy").asDouble();
  }

  /** {@code sentence@label} lines as a table. */
  private static void writeTable(Path table) throws IOException {
    Path source = SharedData.file("financial_phrasebank/Sentences_AllAgree.txt");
    List<String> rows = new ArrayList<>();
    for (String line : Files.readAllLines(source, StandardCharsets.ISO_8859_1)) {
      int at = line.lastIndexOf('@');
      rows.add(
          JSON.writeValueAsString(
              Map.of("sentence", line.substring(0, at), "label", line.substring(at + 1))));
    }
    Files.write(table, rows);
  }

  private void tokenize(String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of("tokenize"));
    all.addAll(List.of(arguments));
    run(all.toArray(new String[0]));
  }

  private JsonNode train(String recipe, String... arguments) throws Exception {
    List<String> all = new ArrayList<>(List.of("train", "--overwrite", "--output"));
    all.add(directory.resolve("run").toString());
    all.addAll(List.of("--config", CONF.resolve(recipe + ".yaml").toString()));
    all.addAll(List.of(arguments));
    return run(all.toArray(new String[0]));
  }

  private JsonNode run(String... arguments) throws Exception {
    try (JobProcess job = JobProcess.start(directory, Training.ONE_JVM, List.of(arguments))) {
      JobProcess.Outcome outcome = job.end();
      assertThat(outcome.code()).as(outcome.err()).isZero();
      return JSON.readTree(outcome.out().lines().reduce("", (before, line) -> line));
    }
  }
}
