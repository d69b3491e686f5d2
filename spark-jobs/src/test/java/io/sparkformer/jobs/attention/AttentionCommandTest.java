package io.sparkformer.jobs.attention;

import static io.sparkformer.datasets.Folder.names;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.ModelFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.Trust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import javax.imageio.ImageIO;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AttentionCommandTest {

  private static final CharTokenizer TOKENIZER =
      ModelFixture.tokenizer("abcdefghijž \ud83d\ude80\n");

  @TempDir static Path directory;

  @BeforeAll
  static void writeModels() throws IOException {
    ModelFixture.write(directory.resolve("model"), 16, Optional.of(TOKENIZER));
    ModelFixture.write(directory.resolve("ids"), 120, Optional.empty());
    write("bigram", ModelConfig.gpt2(16, 16, 0, 2, 16), List.of());
    ModelConfig shape = ModelConfig.gpt2(16, 16, 1, 2, 16);
    write(
        "texts",
        shape.with(Head.ofSequences(3, Head.Pooling.LAST)),
        List.of("bad", "fair", "good"));
    write(
        "tokens",
        shape.with(
            new Head(
                Head.Kind.TOKEN_CLASSIFICATION,
                Head.Output.OWN,
                Head.Layers.LINEAR,
                Head.Pooling.LAST,
                true,
                2)),
        List.of());
  }

  private static void write(String name, ModelConfig config, List<String> labels)
      throws IOException {
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 1)) {
      ModelFixture.at(directory.resolve(name))
          .save(
              model,
              new TextProcessing(
                  Optional.of(TOKENIZER), Optional.empty(), labels, TextReading.PLAIN));
    }
  }

  @Test
  void everyHeadHasItsPicturesAndItsNumbers() throws IOException {
    CommandRun run = attention("model", "all", "--text", "až \ud83d\ude80\n", "--top-k", "3");

    run.requireDone();
    assertThat(names(directory.resolve("all")))
        .containsExactlyInAnyOrder(
            "attention.json",
            "attention-layer-00-head-00.png",
            "attention-layer-00-head-01.png",
            "attention-layer-01-head-00.png",
            "attention-layer-01-head-01.png",
            "values-layer-00-head-00.png",
            "values-layer-00-head-01.png",
            "values-layer-01-head-00.png",
            "values-layer-01-head-01.png",
            "predictions.png");
    for (String file : names(directory.resolve("all"))) {
      if (file.endsWith(".png")) {
        assertThat(ImageIO.read(directory.resolve("all").resolve(file).toFile())).isNotNull();
      }
    }
    JsonNode json = json("all");
    assertThat(json.get("head").textValue()).isEqualTo("language-model");
    assertThat(json.get("tokens")).hasToString("[\"a\",\"ž\",\" \",\"\ud83d\ude80\",\"\\n\"]");
    assertThat(json.get("layers")).hasToString("[0,1]");
    assertThat(json.get("heads")).hasToString("[0,1]");
    assertThat(json.get("weights")).hasSize(2);
    JsonNode weights = json.at("/weights/1/1");
    assertThat(weights).hasSize(5);
    weights.forEach(row -> assertThat(sum(row)).isCloseTo(1, within(1e-5)));
    assertThat(json.at("/weights/0/0/0/4").doubleValue()).isZero();
    assertThat(json.at("/values/1/1/4")).hasSize(8);
    assertThat(json.get("classes")).hasSize(16);
    assertThat(json.get("likeliest")).hasSize(5);
    assertThat(json.at("/likeliest/4")).hasSize(3).isEqualTo(run.json().get("likeliest"));
    json.get("probabilities").forEach(row -> assertThat(sum(row)).isCloseTo(1, within(1e-5)));
    assertThat(run.err()).startsWith("probability  next token\n").hasLineCount(4);
    assertThat(run.shown()).isEmpty();
    assertThat(run.json().get("pictures").intValue()).isEqualTo(9);
    assertThat(run.json().get("tokens").intValue()).isEqualTo(5);
  }

  @Test
  void aTextIsReadWithTheTokenThatFollowsItAsScoreReadsIt() throws IOException {
    Path model = directory.resolve("ending");
    ModelConfig config =
        ModelConfig.gpt2(16, 16, 1, 2, 16).with(Head.ofSequences(2, Head.Pooling.LAST));
    try (Gpt gpt = Gpt.initialized(config, Precision.FP32, Device.cpu(), 1)) {
      gpt.weights().get("score.weight").muli(100);
      ModelFixture.at(model)
          .save(
              gpt,
              new TextProcessing(
                  Optional.of(TOKENIZER),
                  Optional.empty(),
                  List.of("bad", "good"),
                  TextReading.appending(Optional.of(3), TextReading.PLAIN.truncate())));
    }

    CommandRun run = attention("ending", "end", "--text", "až");

    run.requireDone();
    JsonNode json = json("end");
    assertThat(json.get("ids")).hasSize(3);
    assertThat(json.at("/ids/2").intValue()).isEqualTo(3);
    try (SequenceModel scoring =
        SequenceModel.open(model.toString(), new Configuration(), Device.cpu(), Trust.OURS)) {
      float[] logits = scoring.logits(List.of(scoring.reader(Optional.empty()).read("až")))[0];
      double[] scores = scoring.classes().problem().scores(logits);
      assertThat(json.at("/probabilities/0/0").doubleValue()).isCloseTo(scores[0], within(1e-6));
      assertThat(json.at("/probabilities/0/1").doubleValue()).isCloseTo(scores[1], within(1e-6));
    }
  }

  @Test
  void onlyTheChosenLayersAndHeadsAreShown() throws IOException {
    CommandRun run =
        attention("ids", "some", "--ids", "1,100,3", "--layer", "1", "--head=1", "--head", "0");

    run.requireDone();
    assertThat(names(directory.resolve("some")))
        .containsExactlyInAnyOrder(
            "attention.json",
            "attention-layer-01-head-00.png",
            "attention-layer-01-head-01.png",
            "values-layer-01-head-00.png",
            "values-layer-01-head-01.png");
    assertThat(json("some").get("layers")).hasToString("[1]");
    assertThat(json("some").get("heads")).hasToString("[0,1]");
    assertThat(json("some").get("weights")).hasSize(1);
    assertThat(json("some").get("tokens")).hasToString("[\"1\",\"100\",\"3\"]");
    // 120 classes are too many for a picture.
    assertThat(json("some").has("probabilities")).isFalse();
    assertThat(json("some").at("/likeliest/2")).hasSize(10);
  }

  @Test
  void aModelWithoutAttentionShowsItsPredictions() throws IOException {
    CommandRun run = attention("bigram", "bigram-out", "--text", "abc");

    run.requireDone();
    assertThat(run.err()).contains("no attention layers: only its predictions are written");
    assertThat(names(directory.resolve("bigram-out")))
        .containsExactlyInAnyOrder("attention.json", "predictions.png");
    assertThat(json("bigram-out").has("weights")).isFalse();
    assertThat(json("bigram-out").get("probabilities")).hasSize(3);
    attention("bigram", "none", "--text", "abc", "--layer", "0")
        .requireMistake(
            "--layer is 0, but the model has no attention layers: leave the option away");
  }

  @Test
  void aClassifierOfTextsShowsItsLabels() throws IOException {
    CommandRun run = attention("texts", "texts-out", "--text", "abc");

    run.requireDone();
    assertThat(json("texts-out").get("head").textValue()).isEqualTo("sequence-classification");
    assertThat(json("texts-out").get("classes")).hasToString("[\"bad\",\"fair\",\"good\"]");
    assertThat(json("texts-out").get("probabilities")).hasSize(1);
    assertThat(run.json().get("likeliest")).hasSize(3);
    assertThat(run.err()).startsWith("probability  label\n").contains("fair").hasLineCount(4);
    assertThat(names(directory.resolve("texts-out"))).contains("predictions.png");
  }

  @Test
  void sigmoidsAndNumbersAreShownWhereTheModelMeansThem() throws IOException {
    Path config = directory.resolve("texts/config.json");
    String single = Files.readString(config);
    attention("texts", "softmax", "--text", "abc").requireDone();
    JsonNode softmax = json("softmax").at("/probabilities/0");
    try {
      Files.writeString(config, single.replace("single_label", "multi_label"));
      attention("texts", "sigmoids", "--text", "abc").requireDone();
      Files.writeString(config, single.replace("single_label_classification", "regression"));
      CommandRun numbers = attention("texts", "numbers", "--text", "abc").requireDone();

      assertThat(numbers.err()).startsWith("     number  label\n");
      assertThat(names(directory.resolve("numbers"))).contains("predictions.png");
      JsonNode logits = json("numbers").at("/probabilities/0");
      double sum = 0;
      for (JsonNode logit : logits) {
        sum += Math.exp(logit.doubleValue());
      }
      for (int label = 0; label < 3; label++) {
        double logit = logits.get(label).doubleValue();
        assertThat(json("sigmoids").at("/probabilities/0").get(label).doubleValue())
            .isCloseTo(1 / (1 + Math.exp(-logit)), within(1e-6));
        assertThat(softmax.get(label).doubleValue()).isCloseTo(Math.exp(logit) / sum, within(1e-6));
      }
    } finally {
      Files.writeString(config, single);
    }
  }

  @Test
  void aClassifierOfTokensShowsALabelForEach() throws IOException {
    CommandRun run = attention("tokens", "tokens-out", "--text", "a b");

    run.requireDone();
    assertThat(json("tokens-out").get("classes")).hasToString("[\"LABEL_0\",\"LABEL_1\"]");
    assertThat(json("tokens-out").get("probabilities")).hasSize(3);
    assertThat(run.err()).startsWith("probability  label, token by token\n").contains("␣");
  }

  @Test
  void anOutputIsReplacedOnlyIfThisJobMadeItAndItIsAskedTo() throws IOException {
    assertThat(attention("model", "twice", "--text", "abcdef").code()).isEqualTo(ExitCode.DONE);
    attention("model", "twice", "--text", "a")
        .requireMistake("twice exists: pass --overwrite to replace it");
    CommandRun again =
        attention("model", "twice", "--text", "a", "--overwrite", "--layer=0", "--head=0");
    again.requireDone();
    assertThat(names(directory.resolve("twice"))).hasSize(4);

    Files.createDirectories(directory.resolve("mine/other"));
    attention("model", "mine", "--text", "a", "--overwrite")
        .requireMistake("exists and was not made by this job (it has no attention.json)");
    attention("model", "model/inside", "--text", "a")
        .requireMistake("the same or one lies in the other: choose an output outside the model");
  }

  @Test
  void mistakesAreSaidInOneLine() throws IOException {
    attention("model", "x", "--text=").requireMistake("the text is empty");
    attention("model", "x", "--text", "a".repeat(20))
        .requireMistake(
            "the text has 20 tokens, the model's context 16: shorten the text by 4 tokens");
    attention("ids", "x", "--ids", "1,120")
        .requireMistake(
            "token 120 at position 1 is not in the model's vocabulary: use ids from 0 to 119");
    attention("ids", "x", "--text", "abc")
        .requireMistake(
            "has no tokenizer.json, so --text cannot be read: give the text as token ids with --ids");
    attention("model", "x", "--text", "a", "--layer", "2")
        .requireMistake("--layer is 2, but the model has 2: use numbers from 0 to 1");
    attention("model", "x", "--text", "a", "--head", "-1")
        .requireMistake("--head is -1, but the model has 2: use numbers from 0 to 1");
    attention("model", "x", "--text", "a", "--top-k", "0")
        .requireMistake("--top-k is 0: it must be at least 1");
    attention("nowhere", "x", "--text", "a").requireMistake("no such model directory");
    assertThat(attention("model", "x").err())
        .contains("(specify one of these): (--text=TEXT | --ids=ID");
    assertThat(directory.resolve("x")).doesNotExist();
    try (Stream<Path> left = Files.list(directory)) {
      assertThat(left.filter(file -> file.getFileName().toString().startsWith("."))).isEmpty();
    }
  }

  private static double sum(JsonNode row) {
    double sum = 0;
    for (JsonNode number : row) {
      sum += number.doubleValue();
    }
    return sum;
  }

  private static JsonNode json(String output) throws IOException {
    return new ObjectMapper()
        .readTree(directory.resolve(output).resolve("attention.json").toFile());
  }

  private static CommandRun attention(String model, String output, String... more) {
    List<String> args =
        new ArrayList<>(
            List.of(
                "attention",
                "--model",
                directory.resolve(model).toString(),
                "--output",
                directory.resolve(output).toString()));
    args.addAll(Arrays.asList(more));
    return CommandRun.of(args.toArray(new String[0]));
  }
}
