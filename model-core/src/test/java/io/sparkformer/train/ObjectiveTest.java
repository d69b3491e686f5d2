package io.sparkformer.train;

import static io.sparkformer.SharedFiles.largestDifference;
import static io.sparkformer.SharedFiles.relativeError;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Precision;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.run.TinyRun;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What training minimizes beside PyTorch's numbers, and however a global batch is cut. */
@SuppressWarnings("FloatingPointLiteralPrecision") // As PyTorch printed them.
class ObjectiveTest {

  private static final long NO = TokenBatch.IGNORED;

  /** A table of bigrams: the logits are its rows, so that PyTorch's numbers need no model. */
  private static final String[] BIGRAMS = {
    "model.context-length=4",
    "model.num-layers=0",
    "model.embedding-dim=5",
    "model.positions=none",
    "model.norm=none",
    "model.dropout=0",
    "model.head.output=identity",
    "training.micro-batch-size=2",
    "training.global-batch-size=2",
  };

  /** The update is the gradient. */
  private static final String[] PLAIN_DESCENT = {
    "optimizer.kind=sgd",
    "optimizer.learning-rate=1",
    "optimizer.weight-decay=0",
    "optimizer.max-grad-norm=0",
    "schedule.kind=constant",
    "schedule.warmup-steps=0",
  };

  private static final String WEIGHTS = "loss.class-weights=[1, 2, 0.5, 0, 3]";

  // PyTorch 2.13 in float64:
  //   w = tensor([[((i * 7 + j * 3) % 11 - 5) / 4. for j in range(5)] for i in range(5)])
  //   ids = tensor([[0, 1, 2, 3], [4, 2, 0, 0]])
  //   targets = tensor([[1, 2, -100, 4], [0, 3, -100, -100]])
  //   F.cross_entropy(w[ids].view(-1, 5), targets.view(-1), weight=tensor([1, 2, .5, 0, 3]) or
  // None,
  //                   ignore_index=-100, label_smoothing=0 or .1 or .2)
  @ParameterizedTest
  @CsvSource({
    "0.0, false, 2.5481955215825964",
    "0.1, false, 2.4821955215825966",
    "0.0, true, 2.6441656888843537",
    "0.2, true, 2.5026639631163103",
  })
  void theLossIsPyTorchsCrossEntropy(String smoothing, boolean weighted, double expected) {
    Recipe recipe =
        bigrams("loss.label-smoothing=" + smoothing, weighted ? WEIGHTS : "loss.class-weights=[]");
    try (Gpt model = table(recipe)) {
      assertThat(step(recipe, model, bigramBatch()).loss()).isCloseTo(expected, within(1e-6));
    }
  }

  @Test
  void theGradientWithClassWeightsAndSmoothingIsPyTorchs() {
    // As above with weight and label_smoothing=.2, then loss.backward(); w.grad.flatten().
    float[] expected = {
      0.009423009f, -0.22548534f, 0.066733696f, 0.14778909f,
      0.0015395397f, 0.013025846f, 0.028295718f, -0.059120312f,
      0.011633072f, 0.0061656744f, -0.0019385477f, -0.0033839056f,
      0.015814735f, 0.0025567077f, -0.013048988f, 0.1877525f,
      0.013934678f, 0.052478176f, 0.11761015f, -0.3717755f,
      -0.09842702f, 0.052903846f, 0.0057484987f, 0.018683419f,
      0.021091258f
    };
    Recipe recipe = bigrams("loss.label-smoothing=0.2", WEIGHTS);
    try (Gpt model = table(recipe)) {
      float[] before = model.weights().get("transformer.wte.weight").toFloatArray();

      Trainer.Step done = step(recipe, model, bigramBatch());

      float[] after = model.weights().get("transformer.wte.weight").toFloatArray();
      float[] gradient = new float[before.length];
      double squares = 0;
      for (int i = 0; i < gradient.length; i++) {
        gradient[i] = before[i] - after[i];
        squares += (double) expected[i] * expected[i];
      }
      assertThat(largestDifference(gradient, expected)).isLessThan(1e-6);
      assertThat(done.gradNorm()).isCloseTo(Math.sqrt(squares), within(1e-6));
    }
  }

  @Test
  void evaluationIsPlainCrossEntropyWhateverTheObjective() {
    Recipe recipe = bigrams("loss.label-smoothing=0.2", WEIGHTS);
    try (Gpt model = table(recipe)) {
      Gpt.Evaluated evaluated = model.evaluate(bigramBatch());

      assertThat(evaluated.targets()).isEqualTo(5);
      assertThat(evaluated.lossSum() / 5).isCloseTo(2.5481955215825964, within(1e-6));
    }
  }

  @Test
  void tokensAreCountedWithoutPadding() {
    Recipe recipe = bigrams();
    try (Gpt model = table(recipe)) {
      assertThat(step(recipe, model, bigramBatch()).tokens()).isEqualTo(6);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "model.head.kind=language-model",
        "model.head.kind=language-model loss.label-smoothing=0.1",
        "model.head.kind=token-classification model.mask=bidirectional",
        "model.head.kind=token-classification loss.class-weights=[1,0.25,4] loss.label-smoothing=0.1",
        "model.head.kind=sequence-classification",
        "model.head.kind=sequence-classification model.head.pooling=mean model.mask=bidirectional"
            + " loss.class-weights=[0.5,2,1]",
      })
  void aGlobalBatchGivesTheSameUpdateHoweverItIsCut(String settings) {
    // Rows of 8, 2, 1 and 5 tokens; in micro-batches of one row, one has no target that counts.
    Map<Integer, Map<String, float[]>> after = new TreeMap<>();
    Map<Integer, Double> losses = new TreeMap<>();
    for (int rows : new int[] {4, 2, 1}) {
      Recipe recipe = classifierOrNot(rows, settings);
      List<TokenBatch> cut = cut(rows, recipe);
      try (Gpt model = Gpt.initialized(recipe.model(), Precision.FP32, Device.cpu(), 5);
          Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of());
          Trainer trainer = Trainer.alone(recipe, model, optimizer)) {
        losses.put(rows, trainer.step((step, m) -> cut.get(m), 0).loss());
        Map<String, float[]> weights = new TreeMap<>();
        model.weights().forEach((name, weight) -> weights.put(name, weight.toFloatArray()));
        after.put(rows, weights);
      }
    }
    for (int rows : new int[] {2, 1}) {
      assertThat(losses.get(rows)).isCloseTo(losses.get(4), within(1e-6));
      after
          .get(4)
          .forEach(
              (name, whole) ->
                  assertThat(relativeError(after.get(rows).get(name), whole))
                      .as("%s by %d rows", name, rows)
                      .isLessThan(1e-6));
    }
  }

  @Test
  void aMicroBatchOfNoRowsCountsAsNone() {
    Recipe two = bigrams("training.global-batch-size=4");
    Recipe one = bigrams();
    try (Gpt first = table(two);
        Gpt second = table(one)) {
      TokenBatch[] halfEmpty = {bigramBatch(), TokenBatch.none()};

      Trainer.Step done = step(two, first, halfEmpty);

      assertThat(done).isEqualTo(step(one, second, bigramBatch()));
      assertThat(first.weights().get("transformer.wte.weight").toFloatArray())
          .isEqualTo(second.weights().get("transformer.wte.weight").toFloatArray());
    }
  }

  @Test
  void aStepWithNothingToPredictChangesNothing() {
    Recipe recipe = bigrams();
    TokenBatch nothing = TokenBatch.full(new long[8], filled(8, NO), 2, 4);
    try (Gpt model = table(recipe)) {
      float[] before = model.weights().get("transformer.wte.weight").toFloatArray();

      assertThat(step(recipe, model, nothing).loss()).isZero();

      assertThat(model.weights().get("transformer.wte.weight").toFloatArray()).isEqualTo(before);
    }
  }

  @Test
  void classWeightsOfAnotherNumberThanThereAreClassesAreRefused() {
    assertThatThrownBy(() -> bigrams("loss.class-weights=[1, 2]"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("loss.class-weights has 2 numbers, but there are 5 classes: give one for each");
    assertThatThrownBy(() -> bigrams("loss.class-weights=[1, 2, 3, 4, -1]"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("loss.class-weights is -1.0: it must be 0 or more");
    assertThatThrownBy(() -> bigrams("loss.label-smoothing=1"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("loss.label-smoothing is 1.0: it must be at least 0 and below 1");
  }

  private static Recipe bigrams(String... settings) {
    List<String> all = new ArrayList<>(List.of(BIGRAMS));
    all.addAll(List.of(PLAIN_DESCENT));
    all.addAll(List.of(settings));
    return TinyRun.recipe(all.toArray(String[]::new)).bind(DataShape.ofVocabulary(5));
  }

  private static Gpt table(Recipe recipe) {
    float[] table = new float[25];
    for (int i = 0; i < 5; i++) {
      for (int j = 0; j < 5; j++) {
        table[i * 5 + j] = ((i * 7 + j * 3) % 11 - 5) / 4f;
      }
    }
    Gpt model = Gpt.empty(recipe.model(), Precision.FP32, Device.cpu());
    model.weights().get("transformer.wte.weight").set(table);
    return model;
  }

  private static TokenBatch bigramBatch() {
    return new TokenBatch(
        new long[] {0, 1, 2, 3, 4, 2, 0, 0},
        new long[] {1, 2, NO, 4, 0, 3, NO, NO},
        new long[] {4, 2},
        2,
        4);
  }

  private static Trainer.Step step(Recipe recipe, Gpt model, TokenBatch... batches) {
    try (Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of());
        Trainer trainer = Trainer.alone(recipe, model, optimizer)) {
      return trainer.step((step, m) -> batches[m], 0);
    }
  }

  private static Recipe classifierOrNot(int rows, String settings) {
    List<String> all = new ArrayList<>(List.of(PLAIN_DESCENT));
    all.addAll(List.of(settings.split(" ")));
    all.add("model.dropout=0");
    all.add("training.global-batch-size=4");
    all.add("training.micro-batch-size=" + rows);
    return TinyRun.recipe(all.toArray(String[]::new))
        .bind(new DataShape(6, List.of("a", "b", "c"), 0, 0));
  }

  /** Four rows as they are read in micro-batches: each is padded to its longest row only. */
  private static List<TokenBatch> cut(int rows, Recipe recipe) {
    Random random = new Random(9);
    int[] lengths = {8, 2, 1, 5};
    int classes = recipe.model().numClasses();
    boolean perRow = isOfSequences(recipe);
    List<long[]> inputs = new ArrayList<>();
    List<long[]> targets = new ArrayList<>();
    for (int length : lengths) {
      inputs.add(random.longs(length, 0, 6).toArray());
      targets.add(random.longs(perRow ? 1 : length, 0, classes).toArray());
    }
    targets.get(0)[0] = perRow ? targets.get(0)[0] : NO;
    targets.get(2)[0] = NO;
    List<TokenBatch> batches = new ArrayList<>();
    for (int first = 0; first < lengths.length; first += rows) {
      int longest = Arrays.stream(lengths, first, first + rows).max().orElseThrow();
      long[] ids = new long[rows * longest];
      long[] classesOf = filled(perRow ? rows : rows * longest, NO);
      long[] real = new long[rows];
      for (int row = 0; row < rows; row++) {
        long[] from = inputs.get(first + row);
        long[] to = targets.get(first + row);
        System.arraycopy(from, 0, ids, row * longest, from.length);
        System.arraycopy(to, 0, classesOf, perRow ? row : row * longest, to.length);
        real[row] = from.length;
      }
      batches.add(new TokenBatch(ids, classesOf, real, rows, longest));
    }
    return batches;
  }

  private static boolean isOfSequences(Recipe recipe) {
    return recipe.model().head().kind() == io.sparkformer.model.Head.Kind.SEQUENCE_CLASSIFICATION;
  }

  private static long[] filled(int size, long value) {
    long[] array = new long[size];
    Arrays.fill(array, value);
    return array;
  }
}
