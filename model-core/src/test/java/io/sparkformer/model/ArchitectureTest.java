package io.sparkformer.model;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.model.Head.Kind;
import io.sparkformer.model.Head.Layers;
import io.sparkformer.model.Head.Output;
import io.sparkformer.model.Head.Pooling;
import io.sparkformer.model.ModelConfig.FeedForward;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.model.ModelConfig.Norm;
import io.sparkformer.model.ModelConfig.Positions;
import io.sparkformer.safetensors.TensorSource;
import io.sparkformer.safetensors.TensorWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Assertions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models from a table of bigrams to GPT-2: their weights, gradients, files and generation. */
class ArchitectureTest {

  private static final int VOCAB = 6;
  private static final int CONTEXT = 5;
  private static final long[] LENGTHS = {5, 2, 4};
  private static final Head BIASED =
      new Head(Kind.LANGUAGE_MODEL, Output.OWN, Layers.LINEAR, Pooling.LAST, true, 0);
  private static final Head IDENTITY =
      new Head(Kind.LANGUAGE_MODEL, Output.IDENTITY, Layers.LINEAR, Pooling.LAST, false, 0);

  /** GPT-2's two, and others, of three labels. */
  private static final List<Head> HEADS =
      List.of(
          Head.TIED,
          Head.OWN,
          BIASED,
          IDENTITY,
          classifier(Kind.TOKEN_CLASSIFICATION, Layers.LINEAR, Pooling.LAST, true),
          classifier(Kind.TOKEN_CLASSIFICATION, Layers.MLP, Pooling.LAST, true),
          classifier(Kind.SEQUENCE_CLASSIFICATION, Layers.LINEAR, Pooling.LAST, false),
          classifier(Kind.SEQUENCE_CLASSIFICATION, Layers.MLP, Pooling.MEAN, false));

  @TempDir private Path directory;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  private static Head classifier(Kind kind, Layers layers, Pooling pooling, boolean bias) {
    return new Head(kind, Output.OWN, layers, pooling, bias, 3);
  }

  /** What a config may say of blocks, to be combined. */
  private record Block(
      Mask mask,
      Positions positions,
      Norm norm,
      boolean residual,
      boolean projection,
      FeedForward feedForward) {

    /** The stream is as wide as the vocabulary, so that every head fits. */
    ModelConfig config(int layers, boolean bias, Activation activation, Head head) {
      return new ModelConfig(
          VOCAB,
          CONTEXT,
          layers,
          2,
          VOCAB,
          projection ? 4 : 0,
          projection ? 5 : 0,
          mask,
          positions,
          norm,
          residual,
          projection,
          feedForward,
          7,
          activation,
          bias,
          !projection,
          0,
          1e-5,
          head);
    }
  }

  /** One in thirteen of all combinations, with 0 to 2 layers, and those of conf's recipes. */
  static List<ModelConfig> points() {
    List<ModelConfig> points = new ArrayList<>(pointsOfRecipes());
    int number = 0;
    for (Mask mask : Mask.values()) {
      for (Positions positions : Positions.values()) {
        for (Norm norm : Norm.values()) {
          for (boolean residual : new boolean[] {true, false}) {
            for (boolean projection : new boolean[] {true, false}) {
              for (FeedForward feedForward : FeedForward.values()) {
                Block block = new Block(mask, positions, norm, residual, projection, feedForward);
                number++;
                if (number % 13 == 0) {
                  points.add(
                      block.config(
                          number / 13 % 3,
                          number % 2 == 0,
                          Activation.values()[number / 13 % 3],
                          HEADS.get(number / 13 % HEADS.size())));
                }
              }
            }
          }
        }
      }
    }
    return points;
  }

  /** The ladder's rungs, the toy, reversal and sentiment, in small. */
  private static List<ModelConfig> pointsOfRecipes() {
    Block bare = new Block(Mask.CAUSAL, Positions.NONE, Norm.NONE, false, false, FeedForward.NONE);
    Block heads =
        new Block(Mask.CAUSAL, Positions.LEARNED, Norm.NONE, false, false, FeedForward.NONE);
    Block linear =
        new Block(Mask.CAUSAL, Positions.LEARNED, Norm.NONE, false, false, FeedForward.LINEAR);
    Block residual =
        new Block(Mask.CAUSAL, Positions.LEARNED, Norm.NONE, true, true, FeedForward.MLP);
    Block norm = new Block(Mask.CAUSAL, Positions.LEARNED, Norm.PRE, true, true, FeedForward.MLP);
    Block all =
        new Block(Mask.BIDIRECTIONAL, Positions.LEARNED, Norm.PRE, true, true, FeedForward.MLP);
    return List.of(
        bare.config(0, true, Activation.GELU_TANH, IDENTITY),
        bare.config(0, true, Activation.GELU_TANH, BIASED),
        bare.config(1, true, Activation.GELU_TANH, IDENTITY),
        heads.config(1, true, Activation.RELU, BIASED),
        linear.config(3, true, Activation.RELU, BIASED),
        residual.config(3, true, Activation.RELU, BIASED),
        norm.config(3, true, Activation.RELU, BIASED),
        norm.config(2, true, Activation.RELU, HEADS.get(5)),
        all.config(1, true, Activation.RELU, HEADS.get(5)),
        norm.config(1, true, Activation.RELU, HEADS.get(6)),
        ModelConfig.gpt2(VOCAB, CONTEXT, 2, 2, 8),
        ModelConfig.gpt2(VOCAB, CONTEXT, 2, 2, 8).withoutBias().with(Head.OWN));
  }

  @ParameterizedTest
  @MethodSource("points")
  void gradientsOfEveryWeightAreWhatTheLossDoesAlongThem(ModelConfig point) {
    ModelConfig config = smooth(point);
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 3)) {
      sharpen(model);
      List<float[]> gradients = new ArrayList<>();
      double loss = loss(model, gradients);

      assertThat(loss).isFinite().isPositive();
      assertThat(gradients).hasSize(model.weights().size());
      int i = 0;
      for (Map.Entry<String, NDArray> weight : model.weights().entrySet()) {
        float[] gradient = gradients.get(i++);
        double norm = norm(gradient);
        assertThat(norm).as(weight.getKey()).isFinite();
        if (norm < 1e-3) {
          continue; // A step along it would be lost in rounding.
        }
        float[] at = weight.getValue().toFloatArray();
        double step = 0.003;
        weight.getValue().set(moved(at, gradient, step / norm));
        double above = loss(model, new ArrayList<>());
        weight.getValue().set(moved(at, gradient, -step / norm));
        double below = loss(model, new ArrayList<>());
        weight.getValue().set(at);
        assertThat((above - below) / (2 * step))
            .as("%s of %s", weight.getKey(), config)
            .isCloseTo(norm, within(0.02 * norm + 3e-3));
      }
    }
  }

  /** Without ReLUs in blocks, whose kinks make differences differ from derivatives. */
  private static ModelConfig smooth(ModelConfig config) {
    return new ModelConfig(
        config.vocabSize(),
        config.contextLength(),
        config.numLayers(),
        config.numHeads(),
        config.embeddingDim(),
        config.headDim(),
        config.valueDim(),
        config.mask(),
        config.positions(),
        config.norm(),
        config.residual(),
        config.attentionProjection(),
        config.feedForward(),
        config.feedForwardDim(),
        config.activation() == Activation.RELU ? Activation.GELU : config.activation(),
        config.bias(),
        config.attentionBias(),
        config.dropout(),
        config.layerNormEpsilon(),
        config.head());
  }

  @Test
  void everyWeightOfEveryPointHasAGradient() {
    // ReLUs may all be off in one model, not in all of one kind.
    List<String> without = new ArrayList<>();
    for (ModelConfig config : pointsOfRecipes()) {
      try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 3)) {
        sharpen(model);
        List<float[]> gradients = new ArrayList<>();
        loss(model, gradients);
        List<String> names = List.copyOf(model.weights().keySet());
        for (int i = 0; i < names.size(); i++) {
          if (norm(gradients.get(i)) == 0) {
            without.add(names.get(i) + " of " + config);
          }
        }
      }
    }
    assertThat(without).isEmpty();
  }

  @ParameterizedTest
  @MethodSource("points")
  void aModelIsReadBackWithEqualConfigLabelsAndLogits(ModelConfig config) throws IOException {
    List<String> labels = config.head().isClassifier() ? List.of("x", "y", "z") : List.of();
    org.apache.hadoop.fs.Path path = hadoop(directory.resolve("model"));
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 3)) {
      ModelDirectory.at(new Configuration(), path)
          .save(
              model,
              new TextProcessing(Optional.empty(), Optional.empty(), labels, TextReading.PLAIN));

      ModelDirectory read = ModelDirectory.open(new Configuration(), path);

      assertThat(read.config()).isEqualTo(config);
      assertThat(read.labels()).isEqualTo(labels);
      try (Gpt copy = read.load(Precision.FP32, Device.cpu())) {
        assertThat(logits(copy)).isEqualTo(logits(model));
      }
      boolean huggingFace = config.isGpt2() && !config.head().isClassifier();
      JsonNode json = configJson();
      assertThat(json.path("model_type").asText())
          .isEqualTo(config.isGpt2() ? "gpt2" : "sparkformer");
      if (huggingFace && !config.head().bias()) {
        assertThat(json.has("sparkformer")).isFalse();
      }
      if (!config.isGpt2()) {
        assertThat(json.has("sparkformer")).isTrue();
      }
    }
  }

  @Test
  void whatHuggingFaceKnowsIsSaidInItsKeysAlone() throws IOException {
    ModelConfig gpt2 = ModelConfig.gpt2(VOCAB, CONTEXT, 1, 2, 8);
    for (Head head : List.of(Head.TIED, Head.OWN, HEADS.get(4), HEADS.get(6))) {
      assertThat(saved(gpt2.with(head)).has("sparkformer")).as("%s", head).isFalse();
    }
    for (Head head : List.of(BIASED, HEADS.get(5), HEADS.get(7))) {
      assertThat(saved(gpt2.with(head)).has("sparkformer")).as("%s", head).isTrue();
    }
    JsonNode json = saved(gpt2.with(HEADS.get(6)));
    assertThat(json.path("architectures").path(0).asText())
        .isEqualTo("GPT2ForSequenceClassification");
    assertThat(json.path("id2label").path("2").asText()).isEqualTo("LABEL_2");
    assertThat(json.path("label2id").path("LABEL_2").asInt()).isEqualTo(2);
    assertThat(json.path("n_inner").asInt()).isEqualTo(32);
    assertThat(json.path("activation_function").asText()).isEqualTo("gelu_new");
  }

  @Test
  void classifiersOfHuggingFaceAreRead() throws IOException {
    String shape =
        "'vocab_size': 6, 'n_positions': 5, 'n_layer': 1, 'n_head': 2, 'n_embd': 8, 'model_type': 'gpt2', ";
    ModelConfig config = ModelConfig.gpt2(6, 5, 1, 2, 8);

    weights(config.with(Head.ofSequences(3, Pooling.LAST)));
    ModelDirectory sequence =
        directory(
            shape
                + "'architectures': ['GPT2ForSequenceClassification'],"
                + " 'id2label': {'0': 'bad', '1': 'so so', '2': 'good'}");
    assertThat(sequence.config().head()).isEqualTo(Head.ofSequences(3, Pooling.LAST));
    assertThat(sequence.config().dropout()).isEqualTo(0.1); // the key's default
    assertThat(sequence.labels()).containsExactly("bad", "so so", "good");

    Head tokens =
        new Head(Kind.TOKEN_CLASSIFICATION, Output.OWN, Layers.LINEAR, Pooling.LAST, true, 2);
    weights(config.with(tokens));
    ModelDirectory token =
        directory(
            shape
                + "'architectures': ['GPT2ForTokenClassification'], 'resid_pdrop': 0.0,"
                + " 'id2label': {'0': 'O', '1': 'PERSON'}");
    assertThat(token.config().head()).isEqualTo(tokens);
    assertThat(token.labels()).containsExactly("O", "PERSON");

    weights(config.with(Head.ofSequences(2, Pooling.LAST)));
    ModelDirectory unnamed =
        directory(shape + "'architectures': ['GPT2ForSequenceClassification']");
    assertThat(unnamed.config().numClasses()).isEqualTo(2);
    assertThat(unnamed.labels()).containsExactly("LABEL_0", "LABEL_1");
    weights(config.with(Head.OWN));
    assertThat(directory(shape + "'tie_word_embeddings': false").config().head())
        .isEqualTo(Head.OWN);
    weights(config);
    assertThat(directory(shape + "'bos_token_id': 1").labels()).isEmpty();
  }

  /** Writes a model's weights, all zero, without its config. */
  private void weights(ModelConfig config) throws IOException {
    List<TensorSource> sources = new ArrayList<>();
    Gpt.shapes(config)
        .forEach((name, shape) -> sources.add(TensorSource.zeros(name, shape.getShape())));
    TensorWriter.SINGLE.write(
        localFiles(), hadoop(directory.resolve(ModelDirectory.WEIGHTS)), sources);
  }

  @Test
  void aDamagedConfigOfOurOwnIsRefusedWithWhatIsWrong() throws IOException {
    Files.writeString(directory.resolve(ModelDirectory.WEIGHTS), "");
    ModelDirectory damaged = directory("'sparkformer': {'vocab_size': 0}");

    assertThatThrownBy(damaged::config)
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("config.json: 'sparkformer' is damaged: ")
        .hasMessageEndingWith(": copy the model again");
  }

  @Test
  void namesAndShapesOfWeightsFollowFromTheConfig() {
    Block heads =
        new Block(Mask.CAUSAL, Positions.LEARNED, Norm.NONE, false, false, FeedForward.LINEAR);
    assertThat(shapes(heads.config(2, true, Activation.RELU, BIASED)))
        .containsExactly(
            "transformer.wte.weight (6, 6)",
            "transformer.wpe.weight (5, 6)",
            "transformer.h.0.attn.c_attn.weight (6, 18)",
            "transformer.h.0.attn.c_attn.bias (18)",
            "transformer.h.0.mlp.c_fc.weight (6, 6)",
            "transformer.h.0.mlp.c_fc.bias (6)",
            "transformer.h.1.attn.c_attn.weight (6, 18)",
            "transformer.h.1.attn.c_attn.bias (18)",
            "transformer.h.1.mlp.c_fc.weight (6, 6)",
            "transformer.h.1.mlp.c_fc.bias (6)",
            "lm_head.weight (6, 6)",
            "lm_head.bias (6)");
    Block all =
        new Block(Mask.BIDIRECTIONAL, Positions.NONE, Norm.PRE, true, true, FeedForward.MLP);
    assertThat(shapes(all.config(1, true, Activation.GELU, HEADS.get(5))))
        .containsExactly(
            "transformer.wte.weight (6, 6)",
            "transformer.h.0.ln_1.weight (6)",
            "transformer.h.0.ln_1.bias (6)",
            "transformer.h.0.attn.c_attn.weight (6, 26)", // 2 heads x (4 + 4 + 5), without bias
            "transformer.h.0.attn.c_proj.weight (10, 6)",
            "transformer.h.0.attn.c_proj.bias (6)",
            "transformer.h.0.ln_2.weight (6)",
            "transformer.h.0.ln_2.bias (6)",
            "transformer.h.0.mlp.c_fc.weight (6, 7)",
            "transformer.h.0.mlp.c_fc.bias (7)",
            "transformer.h.0.mlp.c_proj.weight (7, 6)",
            "transformer.h.0.mlp.c_proj.bias (6)",
            "transformer.ln_f.weight (6)",
            "transformer.ln_f.bias (6)",
            "classifier.dense.weight (6, 6)",
            "classifier.dense.bias (6)",
            "classifier.norm.weight (6)",
            "classifier.norm.bias (6)",
            "classifier.out.weight (3, 6)",
            "classifier.out.bias (3)");
  }

  @Test
  void withoutLayersAndHeadTheEmbeddingIsTheModel() {
    Block bare = new Block(Mask.CAUSAL, Positions.NONE, Norm.NONE, false, false, FeedForward.NONE);
    ModelConfig config = bare.config(0, true, Activation.RELU, IDENTITY);
    assertThat(shapes(config)).containsExactly("transformer.wte.weight (6, 6)");
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 3)) {
      float[] table = model.weights().get("transformer.wte.weight").toFloatArray();
      float[] logits = logits(model);
      for (int i = 0; i < ids().length; i++) {
        int row = (int) ids()[i] * VOCAB;
        assertThat(Arrays.copyOfRange(logits, i * VOCAB, (i + 1) * VOCAB))
            .isEqualTo(Arrays.copyOfRange(table, row, row + VOCAB));
      }
    }
  }

  @Test
  void parametersAreCountedExactlyHoweverManyLayers() {
    for (ModelConfig config : points()) {
      assertThat(config.parameterCount())
          .as("%s", config)
          .isEqualTo(
              Gpt.shapes(config).values().stream()
                  .mapToDouble(shape -> (double) shape.size())
                  .sum());
    }
    Assertions.assertTimeout(
        Duration.ofSeconds(2),
        () -> {
          // Of a block: 4 vectors of norms, 12 x 8^2 of matrices, 8 (3 + 1 + 4 + 1) of biases.
          ModelConfig deep = ModelConfig.gpt2(VOCAB, CONTEXT, 5_000_000, 2, 8);
          assertThat(deep.parameterCount())
              .isEqualTo(5e6 * (4 * 8 + 12 * 64 + 9 * 8) + 6 * 8 + 5 * 8 + 2 * 8);
        });
  }

  @Test
  void combinationsThatMakeNoModelAreRefusedWithWhatToChange() {
    Block unprojected =
        new Block(Mask.CAUSAL, Positions.LEARNED, Norm.PRE, true, false, FeedForward.MLP);
    assertRefused(
        () -> wide(unprojected, 3, Head.OWN),
        "model.residual is true, but attention's output (model.num-heads x model.value-dim = 6) is not as wide as"
            + " model.embedding-dim (8): set model.attention-projection=true, or change the sizes");
    Block replaced =
        new Block(Mask.CAUSAL, Positions.LEARNED, Norm.PRE, false, false, FeedForward.MLP);
    assertRefused(
        () -> wide(replaced, 3, Head.TIED),
        "model.head.output is tied, but the stream's width at the end (6) is not model.embedding-dim (8): set it to own");
    assertRefused(
        () -> wide(replaced, 4, IDENTITY),
        "model.head.output is identity, but the stream's width at the end (8) is not model.vocab-size (6):"
            + " set model.embedding-dim to it");
    assertThat(wide(replaced, 3, IDENTITY).outputDim()).isEqualTo(6);
    assertRefused(
        () -> ModelConfig.gpt2(VOCAB, CONTEXT, 1, 3, 8),
        "model.embedding-dim (8) is not a multiple of model.num-heads (3): change one of them, or set model.head-dim");
    assertThat(ModelConfig.gpt2(VOCAB, CONTEXT, 0, 3, 8).numLayers()).isZero();
    assertRefused(
        () -> classifier(Kind.TOKEN_CLASSIFICATION, Layers.LINEAR, Pooling.LAST, true, 0),
        "model.head.num-labels is 0, but a classifier needs at least 1: give it, or a data set with labels");
    assertRefused(
        () -> classifier(Kind.TOKEN_CLASSIFICATION, Layers.LINEAR, Pooling.LAST, true, -1),
        "model.head.num-labels is -1: it must be 0 or more");
    assertRefused(
        () -> classifier(Kind.LANGUAGE_MODEL, Layers.MLP, Pooling.LAST, false, 0),
        "model.head.layers is mlp: a language model's head is linear: leave the key away");
    assertRefused(
        () -> new Head(Kind.LANGUAGE_MODEL, Output.TIED, Layers.LINEAR, Pooling.LAST, true, 0),
        "model.head.bias is true, but model.head.output is not own: set one of them otherwise");
  }

  private static Head classifier(
      Kind kind, Layers layers, Pooling pooling, boolean bias, int labels) {
    return new Head(kind, Output.OWN, layers, pooling, bias, labels);
  }

  private static ModelConfig wide(Block block, int valueDim, Head head) {
    return new ModelConfig(
        VOCAB,
        CONTEXT,
        1,
        2,
        8,
        4,
        valueDim,
        block.mask(),
        block.positions(),
        block.norm(),
        block.residual(),
        block.projection(),
        block.feedForward(),
        0,
        Activation.RELU,
        true,
        true,
        0,
        1e-5,
        head);
  }

  private static void assertRefused(
      org.assertj.core.api.ThrowableAssert.ThrowingCallable call, String message) {
    assertThatThrownBy(call).isInstanceOf(InvalidInputException.class).hasMessage(message);
  }

  @Test
  void headsThatDifferInWhatDoesNotCountAreEqual() {
    assertThat(new Head(Kind.LANGUAGE_MODEL, Output.OWN, Layers.LINEAR, Pooling.MEAN, false, 7))
        .isEqualTo(Head.OWN);
    assertThat(
            new Head(
                Kind.SEQUENCE_CLASSIFICATION, Output.TIED, Layers.LINEAR, Pooling.MEAN, false, 3))
        .isEqualTo(Head.ofSequences(3, Pooling.MEAN));
  }

  @Test
  void everyCausalLanguageModelGeneratesWhatItsWholeContextSays() {
    int tried = 0;
    for (ModelConfig config : points()) {
      if (config.head().isClassifier() || config.mask() != Mask.CAUSAL) {
        continue;
      }
      tried++;
      try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 3)) {
        sharpen(model);
        int[] prompt = {4, 1};
        SamplingOptions greedy =
            new SamplingOptions(
                CONTEXT - prompt.length, SamplingOptions.Choice.MOST_LIKELY, 1, 0, 1, 0, 1);

        List<Integer> ids =
            TextGenerator.of(model, List.of())
                .generate(prompt, greedy, (sample, id) -> {})
                .get(0)
                .ids();

        assertThat(ids).as("%s", config).isEqualTo(uncached(model, prompt));
      }
    }
    assertThat(tried).isGreaterThan(10);
  }

  @Test
  void aModelOfBf16GeneratesToo() {
    ModelConfig config = ModelConfig.gpt2(VOCAB, CONTEXT, 2, 2, 8);
    SamplingOptions drawn = new SamplingOptions(9, SamplingOptions.Choice.DRAWN, 1, 0, 1, 0, 2);
    try (Gpt model = Gpt.initialized(config, Precision.BF16, Device.cpu(), 3)) {
      assertThat(
              TextGenerator.of(model, List.of())
                  .generate(new int[] {4, 1}, drawn, (sample, id) -> {}))
          .hasSize(2)
          .allSatisfy(continuation -> assertThat(continuation.ids()).hasSize(9));
    }
  }

  @Test
  void whatIsNoCausalLanguageModelRefusesToGenerate() {
    ModelConfig gpt2 = ModelConfig.gpt2(VOCAB, CONTEXT, 1, 2, 8);
    String message =
        "the model is no causal language model (its head is a %s, its mask %s), so it cannot continue text:"
            + " use one with model.head.kind=language-model and model.mask=causal";
    assertRefused(
        () -> TextGenerator.requirePrompt(new int[] {1}, gpt2.with(HEADS.get(6))),
        message.formatted("sequence classification", "causal"));
    assertRefused(
        () -> TextGenerator.requirePrompt(new int[] {1}, gpt2.with(HEADS.get(4))),
        message.formatted("token classification", "causal"));
    assertRefused(
        () -> TextGenerator.requirePrompt(new int[] {1}, gpt2.with(Mask.BIDIRECTIONAL)),
        message.formatted("language model", "bidirectional"));
    try (Gpt model = Gpt.initialized(gpt2.with(HEADS.get(7)), Precision.FP32, Device.cpu(), 3)) {
      SamplingOptions one =
          new SamplingOptions(1, SamplingOptions.Choice.MOST_LIKELY, 1, 0, 1, 0, 1);
      assertRefused(
          () -> TextGenerator.of(model, List.of()).generate(new int[] {1}, one, (s, i) -> {}),
          message.formatted("sequence classification", "causal"));
    }
  }

  /** The likeliest tokens, each from a pass over all before it. */
  private static List<Integer> uncached(Gpt model, int[] prompt) {
    List<Integer> ids = new ArrayList<>(Arrays.stream(prompt).boxed().toList());
    while (ids.size() < CONTEXT) {
      try (NDManager scratch = model.manager().newSubManager()) {
        long[] tokens = ids.stream().mapToLong(Integer::longValue).toArray();
        NDArray input = scratch.create(tokens, new Shape(1, tokens.length));
        NDArray lengths = scratch.create(new long[] {tokens.length});
        float[] logits =
            model.kernels().logits(scratch, input, lengths, model.weightList()).toFloatArray();
        int last = logits.length - VOCAB;
        ids.add(
            IntStream.range(0, VOCAB)
                .reduce((a, b) -> logits[last + b] > logits[last + a] ? b : a)
                .orElseThrow());
      }
    }
    return ids.subList(prompt.length, ids.size());
  }

  /** Weights of such a size that every layer matters. */
  private static void sharpen(Gpt model) {
    model
        .weights()
        .forEach(
            (name, weight) -> {
              if (weight.getShape().dimension() > 1) {
                weight.muli(20);
              } else if (name.endsWith("bias")) {
                weight.addi(0.1f);
              }
            });
  }

  private static double loss(Gpt model, List<float[]> gradients) {
    boolean perRow = model.config().head().kind() == Kind.SEQUENCE_CLASSIFICATION;
    long[] targets = perRow ? new long[] {0, 2, 1} : targets(model.config().numClasses());
    try (NDManager scratch = model.manager().newSubManager()) {
      NDList result =
          model
              .kernels()
              .gradients(
                  scratch.create(ids(), new Shape(LENGTHS.length, CONTEXT)),
                  scratch.create(targets),
                  scratch.create(LENGTHS),
                  model.weightList());
      for (NDArray gradient : result.subList(1, result.size())) {
        gradients.add(gradient.toFloatArray());
      }
      return result.get(0).toFloatArray()[0];
    }
  }

  private static float[] moved(float[] at, float[] along, double by) {
    float[] moved = at.clone();
    for (int i = 0; i < moved.length; i++) {
      moved[i] += (float) (by * along[i]);
    }
    return moved;
  }

  private static double norm(float[] vector) {
    return Math.sqrt(
        IntStream.range(0, vector.length).mapToDouble(i -> (double) vector[i] * vector[i]).sum());
  }

  private static long[] ids() {
    return new Random(5).longs((long) LENGTHS.length * CONTEXT, 0, VOCAB).toArray();
  }

  private static long[] targets(int classes) {
    long[] targets = new Random(6).longs((long) LENGTHS.length * CONTEXT, 0, classes).toArray();
    for (int row = 0; row < LENGTHS.length; row++) {
      Arrays.fill(targets, row * CONTEXT + (int) LENGTHS[row], (row + 1) * CONTEXT, -100);
    }
    return targets;
  }

  private static float[] logits(Gpt model) {
    try (NDManager scratch = model.manager().newSubManager()) {
      NDArray ids = scratch.create(ids(), new Shape(LENGTHS.length, CONTEXT));
      NDArray lengths = scratch.create(LENGTHS);
      return model.kernels().logits(scratch, ids, lengths, model.weightList()).toFloatArray();
    }
  }

  private static List<String> shapes(ModelConfig config) {
    return Gpt.shapes(config).entrySet().stream()
        .map(entry -> entry.getKey() + " " + entry.getValue())
        .toList();
  }

  private JsonNode saved(ModelConfig config) throws IOException {
    org.apache.hadoop.fs.Path path = hadoop(directory.resolve("model"));
    try (Gpt model = Gpt.empty(config, Precision.FP32, Device.cpu())) {
      ModelDirectory.at(new Configuration(), path).save(model, TextProcessing.NONE);
    }
    assertThat(ModelDirectory.open(new Configuration(), path).config()).isEqualTo(config);
    return configJson();
  }

  private JsonNode configJson() throws IOException {
    return new ObjectMapper()
        .readTree(directory.resolve("model").resolve(ModelDirectory.CONFIG).toFile());
  }

  private ModelDirectory directory(String keys) throws IOException {
    Files.writeString(
        directory.resolve(ModelDirectory.CONFIG), "{" + keys.replace('\'', '"') + "}");
    return ModelDirectory.open(new Configuration(), hadoop(directory));
  }
}
