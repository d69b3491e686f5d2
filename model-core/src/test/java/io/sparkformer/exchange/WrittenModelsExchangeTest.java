package io.sparkformer.exchange;

import static io.sparkformer.SharedFiles.largestDifference;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.BuiltIn;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.generate.Continuation;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Initialization;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.ProblemType;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import io.sparkformer.predict.Classification;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.TextReader;
import io.sparkformer.predict.Trust;
import io.sparkformer.safetensors.NumberFormat;
import io.sparkformer.safetensors.TensorWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** What is written here is the same model to transformers, and what that saves is so here. */
@Tag("exchange")
class WrittenModelsExchangeTest {

  private static final Configuration HADOOP = new Configuration();
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CONTEXT = 24;
  private static final int NEW_TOKENS = 10;

  private static final List<String> TEXTS =
      List.of(
          "The quiet river",
          "a",
          "It was not good; it was better than that.",
          "  two  spaces ",
          "the same words again and again and again and again and again and again and again and"
              + " again and again and again",
          "numbers 12345",
          "who is there?",
          "fine",
          "and one more than a batch");

  @TempDir Path directory;

  /** Vocabularies of each kind. */
  enum Vocabulary {
    CHARACTERS {
      @Override
      Tokenizer tokenizer() {
        return CharTokenizer.of(IntStream.rangeClosed(' ', '~').toArray());
      }
    },
    GPT2 {
      @Override
      Tokenizer tokenizer() {
        return BpeTokenizer.of(BuiltIn.GPT2.model());
      }
    },
    CL100K {
      @Override
      Tokenizer tokenizer() {
        return BpeTokenizer.of(BuiltIn.CL100K_BASE.model());
      }
    },
    OWN {
      @Override
      Tokenizer tokenizer() throws IOException {
        return Tokenizers.open(
            TransformersCase.file(Tokenizer.FILE_NAME).toString(), new Configuration());
      }
    };

    abstract Tokenizer tokenizer() throws IOException;
  }

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @ParameterizedTest
  @EnumSource(Vocabulary.class)
  void aLanguageModelContinuesTextsThereAsHere(Vocabulary vocabulary) throws IOException {
    Tokenizer tokenizer = vocabulary.tokenizer();
    Path model = directory.resolve("model");
    save(model, config(tokenizer), tokenizer, List.of(), Optional.empty(), Truncation.RIGHT);
    requireOk("lm", model, continuations(model));
  }

  @Test
  void aVocabularyWithATokenOfTheNameOfPaddingIsNotConfusedWithIt() throws IOException {
    Tokenizer own = Vocabulary.OWN.tokenizer();
    ObjectNode json = (ObjectNode) JSON.readTree(own.json());
    ((ObjectNode) json.path("model").path("vocab")).put("<|pad|>", 300);
    ((ArrayNode) json.path("added_tokens"))
        .add(
            ((ObjectNode) json.path("added_tokens").path(0).deepCopy())
                .put("id", 300)
                .put("content", "<|pad|>"));
    Tokenizer tokenizer = Tokenizers.ofJson(JSON.writeValueAsBytes(json), "with padding");
    Path model = directory.resolve("model");
    save(
        model,
        config(tokenizer).with(Head.ofSequences(3, Head.Pooling.LAST)),
        tokenizer,
        List.of("bad", "so so", "good"),
        Optional.empty(),
        Truncation.RIGHT);
    requireOk("classifier", model, decisions(model));
  }

  @Test
  void aModelWithoutBiasesAndOneWithItsOwnProjectionAreTheSameThere() throws IOException {
    Tokenizer tokenizer = Vocabulary.OWN.tokenizer();
    Path plain = directory.resolve("plain");
    ModelConfig config = config(tokenizer);
    save(plain, config.withoutBias(), tokenizer, List.of(), Optional.empty(), Truncation.RIGHT);
    requireOk("lm", plain, continuations(plain));
    Path own = directory.resolve("own");
    save(own, config.with(Head.OWN), tokenizer, List.of(), Optional.empty(), Truncation.RIGHT);
    requireOk("lm", own, continuations(own));
  }

  @ParameterizedTest
  @CsvSource({
    "CHARACTERS, false, RIGHT",
    "CHARACTERS, false, LEFT",
    "GPT2, true, RIGHT",
    "GPT2, false, RIGHT",
    "CL100K, true, RIGHT",
    "OWN, true, RIGHT",
    "OWN, true, LEFT",
    "OWN, false, RIGHT",
  })
  void aClassifierDecidesThereAsHere(Vocabulary vocabulary, boolean appends, Truncation truncation)
      throws IOException {
    Tokenizer tokenizer = vocabulary.tokenizer();
    List<String> labels = List.of("bad", "so so", "good");
    Path model = directory.resolve("model");
    save(
        model,
        config(tokenizer).with(Head.ofSequences(3, Head.Pooling.LAST)),
        tokenizer,
        labels,
        appends ? Optional.of(tokenizer.endOfText().getAsInt()) : Optional.empty(),
        truncation);
    requireOk("classifier", model, decisions(model));
  }

  @ParameterizedTest
  @EnumSource(ProblemType.class)
  void logitsMeanTheSameThere(ProblemType problem) throws IOException {
    Tokenizer tokenizer = Vocabulary.OWN.tokenizer();
    Path model = directory.resolve("model");
    ModelConfig config = config(tokenizer).with(Head.ofSequences(2, Head.Pooling.LAST));
    try (Gpt gpt = random(config)) {
      at(model)
          .save(
              gpt,
              new TextProcessing(
                  Optional.of(tokenizer),
                  List.of(),
                  List.of("x", "y"),
                  problem,
                  TextReading.PLAIN));
    }
    requireOk("classifier", model, decisions(model));
  }

  @ParameterizedTest
  @EnumSource(
      value = NumberFormat.class,
      names = {"FP32", "FP16", "BF16"})
  void shardsOfAnyTypeAreReadThereAndComeBack(NumberFormat format) throws IOException {
    Tokenizer tokenizer = Vocabulary.OWN.tokenizer();
    Path model = directory.resolve("model");
    ModelConfig config = config(tokenizer);
    TextProcessing processing =
        new TextProcessing(Optional.of(tokenizer), Optional.of(299), List.of(), TextReading.PLAIN);
    try (Gpt gpt = random(config)) {
      at(model).save(config, gpt.weights(), processing, new TensorWriter(format, 20_000));
    }
    assertThat(at(model).weightsFile()).isEqualTo("model.safetensors.index.json");
    requireOk("lm", model, continuations(model));
    Path back = directory.resolve("back");
    requireOk("resave", model, back, "--dtype", "bf16", "--max-shard-size", "10KB");
    if (format == NumberFormat.BF16) {
      assertSameWeights(model, back);
    }
    requireOk("lm", back, continuations(back));
  }

  @Test
  void aClassifierThatIsSavedThereIsTheSameHere() throws IOException {
    Tokenizer tokenizer = Vocabulary.OWN.tokenizer();
    Path model = directory.resolve("model");
    save(
        model,
        config(tokenizer).withoutBias().with(Head.ofSequences(2, Head.Pooling.LAST)),
        tokenizer,
        List.of("no", "yes"),
        Optional.of(299),
        Truncation.RIGHT);
    Path back = directory.resolve("back");
    requireOk("resave", model, back);

    assertThat(at(back).config()).isEqualTo(at(model).config());
    assertThat(at(back).labels()).containsExactly("no", "yes");
    assertThat(at(back).reading()).isEqualTo(at(model).reading());
    assertThat(at(back).tokenizer().orElseThrow().fingerprint()).isEqualTo(tokenizer.fingerprint());
    assertSameWeights(model, back);
    assertThat(decisions(back)).isEqualTo(decisions(model));
  }

  @Test
  void adaptersThatPeftMergesAreReadBack() throws IOException {
    Tokenizer tokenizer = Vocabulary.OWN.tokenizer();
    Path model = directory.resolve("model");
    save(model, config(tokenizer), tokenizer, List.of(), Optional.empty(), Truncation.RIGHT);
    Path merged = directory.resolve("merged");
    requireOk("lora", model, merged);

    JsonNode expected = JSON.readTree(merged.resolve("expected.json").toFile());
    int[] prompt = TransformersCase.ids(expected.path("prompt_ids"));
    try (Gpt gpt = at(merged).load(Precision.FP32, Device.cpu())) {
      int[] greedy = TransformersCase.ids(expected.path("greedy_ids"));
      assertThat(continuation(gpt, at(merged).endOfText(), prompt, greedy.length))
          .containsExactly(greedy);
    }
  }

  @Test
  void whatTransformersCannotExpressIsNotTakenForAnotherModelThere() throws IOException {
    Tokenizer tokenizer = Vocabulary.OWN.tokenizer();
    ModelConfig config = config(tokenizer);
    Head deep =
        new Head(
            Head.Kind.SEQUENCE_CLASSIFICATION,
            Head.Output.OWN,
            Head.Layers.MLP,
            Head.Pooling.LAST,
            true,
            2);
    List<ModelConfig> others =
        List.of(
            config.with(Mask.BIDIRECTIONAL),
            config.with(Head.ofSequences(2, Head.Pooling.MEAN)),
            config.with(deep));
    for (ModelConfig other : others) {
      Path model = directory.resolve("other" + others.indexOf(other));
      List<String> labels = other.head().isClassifier() ? List.of("no", "yes") : List.of();
      save(model, other, tokenizer, labels, Optional.empty(), Truncation.RIGHT);
      requireOk("refuses", model);
      assertThat(at(model).config()).isEqualTo(other);
    }
  }

  private static ModelConfig config(Tokenizer tokenizer) {
    return ModelConfig.gpt2(tokenizer.vocabSize(), CONTEXT, 2, 2, 16);
  }

  /** Far from GPT-2's initialization, so that logits are well apart. */
  private static Gpt random(ModelConfig config) {
    Gpt gpt = Gpt.initialized(config, Precision.FP32, Device.cpu(), 7, Initialization.GPT2);
    gpt.weights()
        .forEach(
            (name, weight) -> {
              if (weight.getShape().dimension() > 1) {
                weight.muli(name.contains("score") ? 60f : 20f);
              }
            });
    return gpt;
  }

  private static void save(
      Path model,
      ModelConfig config,
      Tokenizer tokenizer,
      List<String> labels,
      Optional<Integer> appended,
      Truncation truncation)
      throws IOException {
    Optional<Integer> endOfText = tokenizer.endOfText().stream().boxed().findFirst();
    try (Gpt gpt = random(config)) {
      at(model)
          .save(
              gpt,
              new TextProcessing(
                  Optional.of(tokenizer),
                  endOfText,
                  labels,
                  TextReading.appending(appended, truncation)));
    }
  }

  private static ModelDirectory at(Path path) {
    return ModelDirectory.at(HADOOP, hadoop(path));
  }

  private Path continuations(Path model) throws IOException {
    ModelDirectory read = at(model);
    Tokenizer tokenizer = read.tokenizer().orElseThrow();
    TextReader reader = TextReader.uncut(read, tokenizer);
    ObjectNode expected = JSON.createObjectNode().put("max_new_tokens", NEW_TOKENS);
    // No character can fill rows: transformers would leave it out of what it shows.
    expected.put("batches", !(tokenizer instanceof CharTokenizer));
    ArrayNode prompts = expected.putArray("prompts");
    ArrayNode texts = expected.putArray("texts");
    ArrayNode ids = expected.putArray("ids");
    try (Gpt gpt = read.load(Precision.FP32, Device.cpu())) {
      for (String text : TEXTS) {
        int[] prompt = reader.read(text);
        if (prompt.length + NEW_TOKENS <= CONTEXT) {
          int[] made = continuation(gpt, read.endOfText(), prompt, NEW_TOKENS);
          prompts.add(text);
          texts.add(tokenizer.decode(made));
          ids.add(JSON.valueToTree(made));
        }
      }
    }
    assertThat(prompts).isNotEmpty();
    return written(expected);
  }

  private static int[] continuation(Gpt gpt, List<Integer> ends, int[] prompt, int most) {
    SamplingOptions options =
        new SamplingOptions(most, SamplingOptions.Choice.MOST_LIKELY, 1, 0, 1, 1, 1);
    Continuation made =
        TextGenerator.of(gpt, ends).generate(prompt, options, (sample, id) -> {}).get(0);
    return made.ids().stream().mapToInt(id -> id).toArray();
  }

  private Path decisions(Path model) throws IOException {
    ObjectNode expected = JSON.createObjectNode();
    expected.set("texts", JSON.valueToTree(TEXTS));
    ArrayNode labels = expected.putArray("labels");
    ArrayNode scores = expected.putArray("scores");
    try (SequenceModel read =
        SequenceModel.open(model.toString(), HADOOP, Device.cpu(), Trust.OURS)) {
      TextReader reader = read.reader(Optional.empty());
      for (String text : TEXTS) {
        float[] logits = read.logits(List.of(reader.read(text)))[0];
        Classification found = Classification.of(read.classes().problem(), logits).orElseThrow();
        List<String> names = new ArrayList<>();
        Arrays.stream(found.classes()).forEach(id -> names.add(read.classes().labels().get(id)));
        labels.add(JSON.valueToTree(names));
        scores.add(JSON.valueToTree(found.probabilities()));
      }
    }
    return written(expected);
  }

  private Path written(ObjectNode expected) throws IOException {
    Path file = directory.resolve("expected-" + expected.hashCode() + ".json");
    Files.writeString(file, expected.toString());
    return file;
  }

  private static void assertSameWeights(Path model, Path back) throws IOException {
    try (Gpt one = at(model).load(Precision.FP32, Device.cpu());
        Gpt other = at(back).load(Precision.FP32, Device.cpu())) {
      one.weights()
          .forEach(
              (name, weight) ->
                  assertThat(
                          largestDifference(
                              other.weights().get(name).toFloatArray(), weight.toFloatArray()))
                      .as(name)
                      .isZero());
    }
  }

  private void requireOk(Object... arguments) throws IOException {
    JsonNode result =
        PythonPeer.run(WrittenModelsExchangeTest.class, "check_written.py", arguments);
    assertThat(result.path("ok").asBoolean()).as(result.toPrettyString()).isTrue();
  }
}
