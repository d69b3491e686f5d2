package io.sparkformer.jobs.evaluate;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.sample.SequentialBatches;
import io.sparkformer.datasets.sample.WindowSamples;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.ModelFixture;
import io.sparkformer.jobs.ShownProgress;
import io.sparkformer.jobs.ThreeClassTexts;
import io.sparkformer.ml.ClassifierFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Precision;
import io.sparkformer.model.ProblemType;
import io.sparkformer.run.Evaluation;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluateCommandTest {

  private static final String TEXT = "the quick brown fox jumps over the lazy dog\n".repeat(30);

  @TempDir static Path directory;

  @BeforeAll
  static void makeModelAndDataSet() throws IOException {
    Path text = Files.writeString(directory.resolve("text.txt"), TEXT);
    CommandRun made =
        CommandRun.of("tokenize", "--input", text.toString(), "--output", path("data"));
    made.requireDone();
    int vocabSize = ModelFixture.tokenizer(TEXT).vocabSize();
    ModelFixture.write(
        directory.resolve("model"), vocabSize, Optional.of(ModelFixture.tokenizer(TEXT)));
  }

  @Test
  void theResultIsTheEvaluationOfTheWholeValidSplit() throws IOException {
    CommandRun run = evaluate("model", "data");

    run.requireDone();
    assertThat(run.shown()).isEmpty();
    JsonNode json = run.json();
    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "loss",
            "accuracy",
            "perplexity",
            "bits_per_character",
            "targets",
            "split",
            "model",
            "data",
            "seconds");
    Evaluation.Result expected = evaluation(SplitName.VALID);
    assertThat(json.get("loss").doubleValue()).isCloseTo(expected.loss(), within(1e-6));
    assertThat(json.get("perplexity").doubleValue())
        .isCloseTo(Math.exp(expected.loss()), within(1e-4));
    // A character is a token.
    assertThat(json.get("bits_per_character").doubleValue())
        .isCloseTo(expected.loss() / Math.log(2), within(1e-5));
    assertThat(json.get("targets").longValue()).isEqualTo(TEXT.length() / 10 - 1);
    assertThat(json.get("split").textValue()).isEqualTo("valid");
    assertThat(json.get("model").textValue()).isEqualTo(path("model"));
    assertThat(json.get("data").textValue()).isEqualTo(path("data"));
    assertThat(json.get("seconds").doubleValue()).isPositive();
  }

  @Test
  void progressEndsWithEveryBatch() throws IOException {
    long bytes = TEXT.length() * 9L / 10;
    try (ShownProgress shown = ShownProgress.watch()) {
      evaluate("model", "data", "--split", "train", "--batch-size", "3").requireDone();
      long windows = (bytes - 1 + 15) / 16;
      assertThat(shown.of("evaluate"))
          .last()
          .isEqualTo(
              "evaluate: 100%% (%d of %1$d kB) %d batches"
                  .formatted(bytes / 1000, (windows + 2) / 3));
    }
  }

  @Test
  void theSplitCanBeChosenAndBatchesDoNotMatter() throws IOException {
    CommandRun run = evaluate("model", "data", "--split", "train", "--batch-size", "3");

    run.requireDone();
    assertThat(run.json().get("loss").doubleValue())
        .isCloseTo(evaluation(SplitName.TRAIN).loss(), within(1e-5));
    assertThat(run.json().get("targets").longValue()).isEqualTo(TEXT.length() * 9 / 10 - 1);
  }

  @Test
  void anotherVocabularyIsRefused() throws IOException {
    ModelFixture.write(directory.resolve("other"), 4, Optional.of(ModelFixture.tokenizer("abcd")));

    CommandRun run = evaluate("other", "data");

    run.requireMistake(path("data") + " has " + ModelFixture.tokenizer(TEXT).vocabSize() + " (");
    assertThat(run.err())
        .startsWith(
            "sparkformer evaluate: the model and the data set have different vocabularies: "
                + path("other")
                + " has 4 tokens (fingerprint ")
        .endsWith(
            ": use a model that was trained on this data set, or tokenize the text with the model's tokenizer\n");
  }

  @Test
  void aModelWithoutTokenizerFitsByItsNumberOfTokens() throws IOException {
    int vocabSize = ModelFixture.tokenizer(TEXT).vocabSize();
    ModelFixture.write(directory.resolve("few"), vocabSize - 1, Optional.empty());
    ModelFixture.write(directory.resolve("many"), 50_257, Optional.empty());
    ModelFixture.write(directory.resolve("padded"), 64, Optional.empty());

    assertThat(evaluate("padded", "data").code()).isEqualTo(ExitCode.DONE);
    for (String model : new String[] {"few", "many"}) {
      evaluate(model, "data")
          .requireMistake(
              "the model and the data set have different vocabularies: " + path(model),
              "has " + vocabSize + ": use a model that was trained on this data set");
    }
  }

  @Test
  void missingDirectoriesAndSplitsAreNamed() throws IOException {
    evaluate("nowhere", "data").requireMistake("nowhere: no such model directory: check the path");
    evaluate("data", "data").requireMistake("has no config.json, so it is not a model directory");
    evaluate("model", "nowhere").requireMistake("nowhere: no such data set: check the path");
    evaluate("model", "model").requireMistake("has no dataset.json, so it is not a token data set");
    evaluate("model", "data", "--split", "test")
        .requireMistake("--split test is no split of a data set: use train or valid");
  }

  @Test
  void aSplitWithoutTargetsIsRefused() throws IOException {
    Path text = directory.resolve("text.txt");
    CommandRun.of(
        "tokenize",
        "--input",
        text.toString(),
        "--output",
        path("all-train"),
        "--valid-fraction",
        "0");

    evaluate("model", "all-train")
        .requireMistake(
            "split 'valid' has 0 tokens, evaluation needs at least 2: use another split, or more text");
  }

  @Test
  void anAlteredShardIsRefusedByName() throws IOException {
    CommandRun.of("tokenize", "--input", path("text.txt"), "--output", path("altered"));
    Path shard = directory.resolve("altered/valid-00000-of-00001.bin");
    byte[] bytes = Files.readAllBytes(shard);
    bytes[10] ^= 1;
    Files.write(shard, bytes);

    evaluate("model", "altered")
        .requireMistake("valid-00000-of-00001.bin was altered between its bytes 0 and ");
  }

  @Test
  void badOptionValuesAreRefused() {
    evaluate("model", "data", "--batch-size", "0")
        .requireMistake("--batch-size is 0: it must be at least 1");
    CommandRun.of("evaluate", "--model=", "--data", "d")
        .requireMistake("--model is empty: give the model's directory");
    CommandRun.of("evaluate", "--model", "m", "--data=")
        .requireMistake("--data is empty: give the data set's directory");
  }

  @Test
  void aClassifierThatReadsAnotherEndOfTextsThanTheDataSetHasIsRefused() throws IOException {
    Path model = classifier("ended");
    Path plain = classifier("plain");
    ObjectMapper mapper = new ObjectMapper();
    ObjectNode config = (ObjectNode) mapper.readTree(plain.resolve("config.json").toFile());
    assertThat(((ObjectNode) config.get("sparkformer_reading")).remove("appended_token"))
        .isNotNull();
    Files.writeString(plain.resolve("config.json"), config.toString());
    Path table = ThreeClassTexts.table(directory.resolve("table.json"));
    String tokenizer = model.resolve("tokenizer.json").toString();
    for (String ends : List.of("true", "false")) {
      List<String> tokenize =
          ThreeClassTexts.tokenize(
              table, directory.resolve("ends-" + ends), "--tokenizer", tokenizer);
      tokenize.set(tokenize.indexOf("--end-of-text") + 1, ends);
      CommandRun.of(tokenize).requireDone();
    }

    String end = "[" + ClassifierFixture.END_OF_TEXT + "]";
    evaluate("ended", "ends-true").requireDone();
    evaluate("plain", "ends-false").requireDone();
    evaluate("ended", "ends-false")
        .requireMistake(
            ": "
                + path("ended")
                + " reads texts with the tokens [] before and "
                + end
                + " behind them, ",
            path("ends-false")
                + " has them with none before and [] behind: evaluate a table of the texts with --input");
    evaluate("plain", "ends-true")
        .requireMistake(
            ": " + path("plain") + " reads texts with the tokens [] before and [] behind them, ",
            path("ends-true")
                + " has them with none before and "
                + end
                + " behind: evaluate a table of the texts with --input");
  }

  /** Reads an end-of-text token after each text. */
  private static Path classifier(String name) throws IOException {
    return Path.of(
        ClassifierFixture.write(
            directory.resolve(name),
            ProblemType.SINGLE_LABEL_CLASSIFICATION,
            ThreeClassTexts.LABELS));
  }

  private static CommandRun evaluate(String model, String data, String... more) {
    String[] args = new String[5 + more.length];
    System.arraycopy(
        new String[] {"evaluate", "--model", path(model), "--data", path(data)}, 0, args, 0, 5);
    System.arraycopy(more, 0, args, 5, more.length);
    return CommandRun.of(args);
  }

  private static Evaluation.Result evaluation(SplitName split) throws IOException {
    org.apache.hadoop.fs.Path data = hadoop(directory.resolve("data"));
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), data);
        Gpt model =
            ModelFixture.at(directory.resolve("model")).load(Precision.FP32, Device.cpu())) {
      return Evaluation.of(
          model,
          SequentialBatches.over(WindowSamples.covering(dataset.split(split), 16), 32),
          List.of(),
          batches -> {});
    }
  }

  private static String path(String name) {
    return directory.resolve(name).toString();
  }
}
