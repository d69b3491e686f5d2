package io.sparkformer.jobs;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.safetensors.StoredTensor;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.hadoop.fs.FSDataInputStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A classifier from a table to its report, and a language model on its way to one. */
class ClassificationChainTest {

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final long MOST_REPORT_BYTES = 2_000_000;

  @TempDir private static Path directory;
  private static JsonNode trained;

  @BeforeAll
  static void tokenizeAndTrain() throws IOException {
    Path table = ThreeClassTexts.table(directory.resolve("table.jsonl"));
    CommandRun.of(
            ThreeClassTexts.tokenize(table, directory.resolve("data"), "--split", "stratified"))
        .requireDone();
    Files.writeString(directory.resolve("three-classes.yaml"), ThreeClassTexts.RECIPE);
    trained = train("three-classes", "run", "--data", path("data")).requireDone().json();
  }

  @Test
  void aClassifierLearnsAndLeavesWhatOthersRead() throws IOException {
    assertThat(trained.get("epochs").doubleValue()).isEqualTo(3);
    assertThat(trained.get("monitor").textValue()).isEqualTo("accuracy");
    assertThat(trained.get("valid_accuracy").doubleValue()).isGreaterThan(0.8);
    assertThat(trained.get("truncated").longValue()).isZero();
    assertThat(trained.get("stopped_early").booleanValue()).isFalse();

    String report = Files.readString(directory.resolve("run/report.html"));
    assertThat(report.getBytes(StandardCharsets.UTF_8).length).isLessThan((int) MOST_REPORT_BYTES);
    assertThat(report).contains(ThreeClassTexts.LABELS).contains("data:image/png;base64,");
    for (String model : List.of("best", "last")) {
      JsonNode evaluation = read("run/" + model + "/evaluation.json");
      assertThat(evaluation.get("split").textValue()).isEqualTo("valid");
      assertThat(evaluation.at("/confusion/labels")).hasSize(3);
    }
    assertThat(read("run/last/evaluation.json").get("accuracy"))
        .isEqualTo(trained.get("valid_accuracy"));
    assertThat(read("run/best/evaluation.json").get("accuracy")).isEqualTo(trained.get("best"));
    assertThat(read("run/showcase.json").get("predicted")).isNotEmpty();
    try (var files = Files.list(directory.resolve("run/tensorboard"))) {
      assertThat(files.map(file -> file.toFile().length())).isNotEmpty().allMatch(size -> size > 0);
    }
    assertThat(model("run/best").labels()).isEqualTo(ThreeClassTexts.LABELS);
  }

  @Test
  void evaluateFindsWhatTrainingFound() throws IOException {
    CommandRun run =
        CommandRun.of("evaluate", "--model", path("run/last"), "--data", path("data"))
            .requireDone();

    JsonNode json = run.json();
    assertThat(json.fieldNames())
        .toIterable()
        .containsExactly(
            "loss",
            "accuracy",
            "report",
            "confusion",
            "targets",
            "split",
            "model",
            "data",
            "seconds");
    assertThat(json.get("accuracy")).isEqualTo(trained.get("valid_accuracy"));
    assertThat(json.get("loss").doubleValue())
        .isCloseTo(trained.get("valid_loss").doubleValue(), within(1e-5));
    assertThat(json.get("targets").longValue()).isEqualTo(ThreeClassTexts.ROWS / 10);
    assertThat(json.get("confusion")).isEqualTo(read("run/last/evaluation.json").get("confusion"));
    long examples = 0;
    for (JsonNode row : json.at("/confusion/counts")) {
      for (JsonNode count : row) {
        examples += count.longValue();
      }
    }
    assertThat(examples).isEqualTo(ThreeClassTexts.ROWS / 10);
    assertThat(run.shown()).isEmpty();
  }

  @Test
  void attentionShowsTheLabelOfANewText() throws IOException {
    CommandRun run =
        CommandRun.of(
                "attention",
                "--model",
                path("run/best"),
                "--text",
                "lava on day 0",
                "--output",
                path("attention"))
            .requireDone();

    assertThat(run.json().at("/likeliest/0/name").textValue()).isEqualTo("hot");
    assertThat(run.json().get("likeliest")).hasSize(3);
    assertThat(run.err()).startsWith("probability  label\n").contains("hot", "cold", "mild");
    assertThat(directory.resolve("attention/attention-layer-00-head-01.png")).exists();
  }

  @Test
  void aFinishedRunIsResumedWithoutAStep() throws IOException {
    train("three-classes", "finished", "--data", path("data"), "--set", "training.max-epochs=1")
        .requireDone();
    byte[] weights = weights("finished/last");

    JsonNode resumed =
        train(
                "three-classes",
                "finished",
                "--data",
                path("data"),
                "--set",
                "training.max-epochs=1",
                "--resume")
            .requireDone()
            .json();

    assertThat(resumed.get("resumed_from")).isEqualTo(resumed.get("steps"));
    assertThat(weights("finished/last")).isEqualTo(weights);
    train("three-classes", "finished", "--data", path("data"), "--resume").requireDone();
    assertThat(weights("finished/last")).isEqualTo(weights("run/last"));
    assertThat(weights("finished/best")).isEqualTo(weights("run/best"));
  }

  @Test
  void aLanguageModelOfSequencesIsEvaluatedOnSequencesAsItWasTrained() throws IOException {
    Files.writeString(
        directory.resolve("sequences.yaml"),
        """
        model: {context-length: 8, num-layers: 1, num-heads: 2, embedding-dim: 32}
        data: {samples: sequences, truncate: left, ignore-index: 3}
        training: {max-steps: 5, micro-batch-size: 4, threads: 1}
        schedule: {warmup-steps: 0}
        """);
    JsonNode language =
        train("sequences", "sequences", "--data", path("data")).requireDone().json();

    JsonNode found = evaluateSequences();

    assertThat(found.get("loss").doubleValue())
        .isCloseTo(language.get("valid_loss").doubleValue(), within(1e-5));
    assertThat(found.get("accuracy")).isEqualTo(language.get("valid_accuracy"));
    assertThat(evaluateSequences("--truncate", "left").get("loss")).isEqualTo(found.get("loss"));
    assertThat(evaluateSequences("--truncate", "right").get("loss"))
        .isNotEqualTo(found.get("loss"));
  }

  @Test
  void theTokenThatEndsTextsIsPutBehindThemForAClassifierAndNotForALanguageModel()
      throws IOException {
    List<String> tokenize =
        new ArrayList<>(
            ThreeClassTexts.tokenize(
                directory.resolve("table.jsonl"),
                directory.resolve("ended"),
                "--split",
                "stratified",
                "--tokenizer",
                "gpt2"));
    tokenize.set(tokenize.indexOf("--end-of-text") + 1, "true");
    CommandRun.of(tokenize).requireDone();
    Files.writeString(
        directory.resolve("short.yaml"),
        """
        model: {context-length: 32, num-layers: 1, num-heads: 2, embedding-dim: 4}
        data: {samples: sequences}
        training: {max-steps: 1, micro-batch-size: 4, threads: 1}
        schedule: {warmup-steps: 0}
        evaluation: {batches: 1}
        """);
    train("short", "of language", "--data", path("ended")).requireDone();
    train(
            "short",
            "of texts",
            "--data",
            path("ended"),
            "--set",
            "model.head.kind=sequence-classification")
        .requireDone();

    assertThat(read("of language/best/tokenizer.json").get("post_processor").isNull()).isTrue();
    assertThat(read("of language/best/config.json").at("/sparkformer_reading/appended_token"))
        .hasToString("");
    JsonNode appended = read("of texts/best/tokenizer.json").at("/post_processor/single");
    assertThat(appended).hasSize(2);
    assertThat(appended.at("/0/Sequence/id").textValue()).isEqualTo("A");
    assertThat(appended.at("/1/SpecialToken/id").textValue()).isEqualTo("<|endoftext|>");
    assertThat(model("of texts/best").reading().after()).containsExactly(50256);
    assertThat(model("of texts/best").reading().truncate()).isEqualTo(Truncation.RIGHT);
    Path config = directory.resolve("of texts/best/config.json");
    Files.writeString(config, Files.readString(config).replace("\"cut\"", "\"other\""));
    // As earlier builds wrote it, which cut the appended token off as well.
    assertThat(model("of texts/best").reading().truncate()).isEqualTo(Truncation.WHOLE_RIGHT);
    assertThat(model("of language/best").reading().after()).isEmpty();
  }

  private static JsonNode evaluateSequences(String... more) {
    List<String> arguments = new ArrayList<>(List.of("evaluate", "--samples", "sequences"));
    arguments.addAll(List.of("--model", path("sequences/last"), "--data", path("data")));
    arguments.addAll(List.of("--ignore-index", "3"));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments).requireDone().json();
  }

  @Test
  void aLanguageModelBecomesAClassifierWhoseBackboneIsFrozen() throws IOException {
    Path text = directory.resolve("text.txt");
    List<String> lines = new ArrayList<>();
    for (int i = 0; i < ThreeClassTexts.ROWS; i++) {
      lines.add(ThreeClassTexts.text(i % 3, i / 3));
    }
    Files.write(text, lines);
    CommandRun.of(
            "tokenize", "--input", text.toString(), "--output", path("text"), "--split", "tail")
        .requireDone();
    Files.writeString(
        directory.resolve("language.yaml"),
        """
        model: {context-length: 32, num-layers: 1, num-heads: 2, embedding-dim: 32}
        training: {max-steps: 5, micro-batch-size: 4, threads: 1}
        schedule: {warmup-steps: 0}
        evaluation: {batches: 2}
        """);
    train("language", "language", "--data", path("text")).requireDone();
    Path table = directory.resolve("table.jsonl");
    CommandRun.of(
            ThreeClassTexts.tokenize(
                table,
                directory.resolve("same tokens"),
                "--split",
                "stratified",
                "--tokenizer",
                path("language/best")))
        .requireDone();

    JsonNode tuned =
        train(
                "three-classes",
                "tuned",
                "--data",
                path("same tokens"),
                "--set",
                "training.init-from=" + path("language/best"),
                "--set",
                "training.freeze=[transformer.*]",
                "--set",
                "training.max-epochs=1")
            .requireDone()
            .json();

    assertThat(tuned.get("epochs").doubleValue()).isEqualTo(1);
    Map<String, byte[]> before = tensors("language/best");
    Map<String, byte[]> after = tensors("tuned/last");
    assertThat(after).containsKeys("score.weight", "score.bias", "transformer.wte.weight");
    after.forEach(
        (name, bytes) -> {
          if (name.equals("transformer.wpe.weight")) { // the first positions of a longer context
            assertThat(before.get(name)).startsWith(bytes).hasSizeGreaterThan(bytes.length);
          } else if (name.startsWith("transformer.")) {
            assertThat(bytes).as(name).isEqualTo(before.get(name));
          }
        });
  }

  private static Map<String, byte[]> tensors(String model) throws IOException {
    Map<String, byte[]> tensors = new LinkedHashMap<>();
    for (Map.Entry<String, StoredTensor> entry : model(model).weights().entrySet()) {
      StoredTensor tensor = entry.getValue();
      byte[] bytes = new byte[(int) tensor.size() * tensor.format().bytes()];
      try (FSDataInputStream in = localFiles().open(tensor.file())) {
        in.readFully(tensor.position(), bytes);
      }
      tensors.put(entry.getKey(), bytes);
    }
    return tensors;
  }

  private static ModelDirectory model(String name) throws IOException {
    return ModelDirectory.open(
        new org.apache.hadoop.conf.Configuration(), hadoop(directory.resolve(name)));
  }

  private static byte[] weights(String model) throws IOException {
    return Files.readAllBytes(directory.resolve(model).resolve("model.safetensors"));
  }

  private static JsonNode read(String file) throws IOException {
    return JSON.readTree(directory.resolve(file).toFile());
  }

  private static CommandRun train(String recipe, String output, String... more) {
    List<String> arguments = new ArrayList<>(List.of("train", "--config", path(recipe + ".yaml")));
    arguments.addAll(List.of("--output", path(output)));
    arguments.addAll(List.of(more));
    return CommandRun.of(arguments);
  }

  private static String path(String name) {
    return directory.resolve(name).toString();
  }
}
