package io.sparkformer.recipe;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.sparkformer.collective.Collective;
import io.sparkformer.datasets.synthetic.SyntheticData;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.run.Checkpointer;
import io.sparkformer.run.LabelledText;
import io.sparkformer.run.Ownership;
import io.sparkformer.run.RunDirectory.Mode;
import io.sparkformer.run.TinyRun;
import io.sparkformer.run.TrainingResult;
import io.sparkformer.run.TrainingRun;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.UUID;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The recipes in conf/ are what they say, and run. */
class ConfRecipesTest {

  /** Every one; a recipe that is added is to be added here. */
  private static final String[] SIZES = {
    // Weights in all, counted by hand: E = 65 x 32, P = 8 x 32, head = 65 x 32 + 65.
    "ladder-1-bigram, 4225", // 65 x 65
    "ladder-2-embedding, 4225", // E + head
    "ladder-3-one-head, 4977", // E + P + 32 x 48 + 65 x 16 + 65
    "ladder-4-four-heads, 7553", // E + P + 32 x 96 + head
    "ladder-5-feed-forward, 8609", // and 32 x 32 + 32
    "ladder-6-no-residual, 16865", // three such blocks
    "ladder-7-residual, 41921", // E + P + 3 (32 x 96 + 33 x 32 + 33 x 128 + 129 x 32) + head
    "ladder-8-layer-norm, 42369", // and 7 x 64
    "quickstart, 826368",
    "shakespeare-char-cpu, 818176",
    "shakespeare-char-gpu-a, 10788929", // published as 10.788929 M
    "shakespeare-char-gpu-b, 10745088", // published as 10.65 M without positions (256 x 384)
    "reversal, 10890",
    "reversal-causal, 10890",
    "reviews, 0",
    "sentiment, 0",
    "sentiment-best, 0",
    "toy-attention, 425", // 7 x 7 + 7 x 47 + 47
  };

  @TempDir private Path directory;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @Test
  void everyRecipeIsTestedHere() throws IOException {
    try (Stream<Path> files = Files.list(conf())) {
      assertThat(files.map(file -> file.getFileName().toString()).filter(n -> n.endsWith(".yaml")))
          .containsExactlyInAnyOrderElementsOf(
              Stream.of(SIZES).map(line -> line.replaceFirst(",.*", ".yaml")).toList());
    }
  }

  @Test
  void everyRecipeBindsToItsDataAndHasItsSize() throws IOException {
    for (String line : SIZES) {
      String name = line.replaceFirst(",.*", "");
      long expected = Long.parseLong(line.replaceFirst(".*, ", ""));

      Recipe recipe = read(name).bind(shape(name));

      assertThat(recipe.training().maxSteps()).as(name).isPositive();
      recipe.requireFits(8L << 30);
      if (expected > 0) { // else its size is that of GPT-2's vocabulary
        assertThat(recipe.model().parameterCount()).as(name).isEqualTo((double) expected);
      }
    }
  }

  @Test
  void theLadderAddsOneThingAtATime() throws IOException {
    ModelConfig one = model("ladder-3-one-head");
    ModelConfig four = model("ladder-4-four-heads");
    ModelConfig feedForward = model("ladder-5-feed-forward");
    ModelConfig deep = model("ladder-6-no-residual");
    ModelConfig residual = model("ladder-7-residual");
    ModelConfig norm = model("ladder-8-layer-norm");

    assertThat(List.of(one.numHeads(), one.headDim())).containsExactly(1, 16);
    assertThat(List.of(four.numHeads(), four.headDim())).containsExactly(4, 8);
    assertThat(four.feedForward()).isEqualTo(ModelConfig.FeedForward.NONE);
    assertThat(feedForward.feedForward()).isEqualTo(ModelConfig.FeedForward.LINEAR);
    assertThat(List.of(feedForward.numLayers(), deep.numLayers())).containsExactly(1, 3);
    assertThat(deep.residual()).isFalse();
    assertThat(residual.residual()).isTrue();
    assertThat(residual.feedForwardDim()).isEqualTo(4 * 32);
    assertThat(residual.norm()).isEqualTo(ModelConfig.Norm.NONE);
    assertThat(norm.norm()).isEqualTo(ModelConfig.Norm.PRE);
    for (String name : List.of("ladder-2-embedding", "ladder-7-residual")) {
      Recipe recipe = read(name).bind(shape(name));
      assertThat(recipe.optimizer().kind()).isEqualTo(OptimizerConfig.Kind.ADAMW);
      assertThat(recipe.optimizer().decay()).isEqualTo(OptimizerConfig.Decay.ALL);
      assertThat(recipe.optimizer().beta2()).isEqualTo(0.999);
      assertThat(recipe.learningRate(0)).isEqualTo(recipe.learningRate(2_999));
    }
  }

  @Test
  void aRunOverEpochsHasTheStepsOfItsData() throws IOException {
    Recipe reversal = read("reversal").bind(shape("reversal"));
    Recipe sentiment = read("sentiment").bind(shape("sentiment"));

    assertThat(reversal.training().maxSteps()).isEqualTo(50_000 / 128);
    assertThat(sentiment.training().stepsPerEpoch()).isEqualTo(63); // 2,000 / 32, the rest too
    assertThat(sentiment.training().maxSteps()).isEqualTo(6 * 63);
    assertThat(sentiment.evaluationSteps()).isEqualTo(63);
    assertThat(sentiment.checkpointSteps()).isEqualTo(6 * 63);
    // PyTorch 2.13's CosineAnnealingLR(SGD([p], lr=.0048), T_max=6, eta_min=0), an epoch a step.
    double[] rates = {
      0.0048, 0.004478460969082653, 0.0036, 0.0024, 0.0012000000000000003, 0.00032153903091734705
    };
    for (int epoch = 0; epoch < 6; epoch++) {
      assertThat(sentiment.learningRate(63L * epoch)).isCloseTo(rates[epoch], within(1e-15));
      assertThat(sentiment.learningRate(63L * epoch + 62)).isCloseTo(rates[epoch], within(1e-15));
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "ladder-1-bigram",
        "ladder-2-embedding",
        "ladder-3-one-head",
        "ladder-4-four-heads",
        "ladder-5-feed-forward",
        "ladder-6-no-residual",
        "ladder-7-residual",
        "ladder-8-layer-norm",
        "quickstart",
        "shakespeare-char-cpu",
      })
  void aRecipeForTextRuns(String name) throws IOException {
    Path data = TinyRun.dataset(directory.resolve("data"), text(4_000, 1), text(600, 2));

    TrainingResult summary =
        run(name, data, "training.max-steps=20", "training.threads=1", "evaluation.batches=2");

    assertThat(summary.steps()).isEqualTo(20);
    assertThat(summary.valid().loss()).isFinite().isLessThan(6);
  }

  @ParameterizedTest
  @ValueSource(strings = {"shakespeare-char-gpu-a", "shakespeare-char-gpu-b"})
  void aRecipeForGpusCanBeTriedOnACpu(String name) throws IOException {
    Path data = TinyRun.dataset(directory.resolve("data"), text(4_000, 1), text(600, 2));

    TrainingResult summary =
        run(
            name,
            data,
            "model.context-length=32",
            "training.max-steps=20",
            "training.micro-batch-size=1",
            "training.precision=fp32",
            "training.threads=1",
            "evaluation.batches=1");

    assertThat(summary.steps()).isEqualTo(20);
    assertThat(summary.valid().loss()).isFinite().isLessThan(6);
  }

  @ParameterizedTest
  @CsvSource({"reversal, 3, 0.99, 1.0", "reversal-causal, 2, 0.54, 0.56"})
  void reversalIsLearnedAsFarAsTheMaskAllows(String name, int epochs, double least, double most)
      throws IOException {
    String[] fewer = {
      "data.train-samples=12800", "data.valid-samples=1280", "training.max-epochs=" + epochs
    };

    TrainingResult summary = run(name, synthetic(name, fewer), fewer);

    assertThat(summary.steps()).isEqualTo(100L * epochs);
    assertThat(summary.epochs()).isEqualTo(epochs);
    assertThat(summary.monitor()).isEqualTo("accuracy");
    assertThat(summary.best()).isBetween(least, most);
    assertThat(summary.valid().targets()).isEqualTo(1_280 * 16);
  }

  @Test
  void sentimentRunsOverLabelledTexts() throws IOException {
    Path data =
        LabelledText.dataset(
            directory.resolve("data"), LabelledText.texts(200, 1), LabelledText.texts(60, 2));

    TrainingResult summary = run("sentiment", data);

    assertThat(summary.steps()).isEqualTo(6 * 7);
    assertThat(summary.valid().targets()).isEqualTo(60);
    assertThat(summary.best()).isGreaterThan(0.5);
  }

  @Test
  void reviewsRunOverLabelledTexts() throws IOException {
    Path data =
        LabelledText.dataset(
            directory.resolve("data"), LabelledText.texts(200, 1), LabelledText.texts(60, 2));

    TrainingResult summary = run("reviews", data);

    assertThat(summary.steps()).isEqualTo(3 * 7);
    assertThat(summary.valid().targets()).isEqualTo(60);
  }

  @Test
  void theToyLearns() throws IOException {
    String[] few = {"training.max-epochs=100", "optimizer.learning-rate=0.01"};

    TrainingResult summary = run("toy-attention", synthetic("toy-attention"), few);

    assertThat(summary.steps()).isEqualTo(200);
    assertThat(summary.valid().targets()).isEqualTo(8);
    assertThat(summary.valid().loss()).isLessThan(1);
  }

  private TrainingResult run(String name, Path data, String... settings) throws IOException {
    RecipeFile file = read(name).with(List.of(settings));
    Checkpointer checkpointer =
        new Checkpointer(
            TinyRun.directory(directory.resolve("out")),
            Mode.START,
            UUID.randomUUID().toString(),
            Ownership.UNSHARED,
            Duration.ofSeconds(10),
            event -> {});
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data));
        TrainingRun run = TrainingRun.leading(file, dataset, Device.cpu(), checkpointer)) {
      return run.train(Collective.single(run.shape().microBatches()));
    }
  }

  private static Path synthetic(String name, String... settings) throws IOException {
    RecipeFile file = read(name).with(List.of(settings));
    return SyntheticData.local(file.data().synthetic(file.seed()).orElseThrow());
  }

  /** Text of 65 characters, each of which follows from the one before more often than not. */
  private static String text(int length, long seed) {
    Random random = new Random(seed);
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < length; i++) {
      text.append((char) (' ' + (i < 65 || random.nextInt(4) > 0 ? i : random.nextInt(65)) % 65));
    }
    return text.toString();
  }

  private static ModelConfig model(String name) throws IOException {
    return read(name).bind(shape(name)).model();
  }

  /** Of the data that a recipe is for. */
  private static DataShape shape(String name) {
    if (name.startsWith("reversal")) {
      List<String> digits = Stream.iterate(0, i -> i + 1).limit(10).map(String::valueOf).toList();
      return new DataShape(10, digits, 800_000, 50_000);
    }
    return switch (name) {
      case "reviews", "sentiment", "sentiment-best" ->
          new DataShape(50_257, List.of("negative", "neutral", "positive"), 50_000, 2_000);
      case "toy-attention" -> new DataShape(7, List.of(), 10, 2);
      default -> new DataShape(65, List.of(), 1_003_854, 1);
    };
  }

  private static RecipeFile read(String name) throws IOException {
    return RecipeFile.read(localFiles(), hadoop(conf().resolve(name + ".yaml")));
  }

  private static Path conf() {
    Path root = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(root.resolve("conf"))) {
      root = root.getParent();
    }
    return root.resolve("conf");
  }
}
