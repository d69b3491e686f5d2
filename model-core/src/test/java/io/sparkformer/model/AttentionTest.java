package io.sparkformer.model;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.model.ModelConfig.FeedForward;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.model.ModelConfig.Norm;
import io.sparkformer.model.ModelConfig.Positions;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** What a model attends to: the weights that are shown are those that it computes with. */
class AttentionTest {

  private static final int VOCAB = 17;
  private static final int CONTEXT = 12;
  private static final int LAYERS = 2;
  private static final int HEADS = 4;
  private static final int HEAD_DIM = 6;
  private static final int VALUE_DIM = 4;
  private static final long[] LENGTHS = {12, 7, 1};

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  /** Weights, values and fused outputs of three rows, two of them padded. */
  @SuppressWarnings("ArrayRecordComponent") // Compared by no one.
  private record Maps(float[] weights, float[] values, float[] fused) {

    static Maps of(Gpt model) {
      try (NDManager scratch = model.manager().newSubManager()) {
        NDArray ids = scratch.create(ids(), new Shape(LENGTHS.length, CONTEXT));
        NDArray lengths = scratch.create(LENGTHS);
        NDList maps = model.kernels().attention(scratch, ids, lengths, model.weightList());
        Shape square = new Shape(LAYERS, LENGTHS.length, HEADS, CONTEXT, CONTEXT);
        Shape values = new Shape(LAYERS, LENGTHS.length, HEADS, CONTEXT, VALUE_DIM);
        assertThat(maps.get(0).getShape()).isEqualTo(square);
        assertThat(maps.get(1).getShape()).isEqualTo(values);
        assertThat(maps.get(2).getShape()).isEqualTo(values);
        return new Maps(
            maps.get(0).toFloatArray(), maps.get(1).toFloatArray(), maps.get(2).toFloatArray());
      }
    }

    private static int block(int layer, int row, int head) {
      return (layer * LENGTHS.length + row) * HEADS + head;
    }

    float weight(int layer, int row, int head, int from, int to) {
      return weights[(block(layer, row, head) * CONTEXT + from) * CONTEXT + to];
    }

    /** What the weights make of the values, in float64. */
    double mixed(int layer, int row, int head, int from, int d) {
      return IntStream.range(0, CONTEXT)
          .mapToDouble(
              to ->
                  (double) weight(layer, row, head, from, to)
                      * values[(block(layer, row, head) * CONTEXT + to) * VALUE_DIM + d])
          .sum();
    }

    float fused(int layer, int row, int head, int from, int d) {
      return fused[(block(layer, row, head) * CONTEXT + from) * VALUE_DIM + d];
    }
  }

  /** Is told of every real position of every head. */
  private interface Visitor {
    void at(int layer, int row, int head, int position);
  }

  private static void everyPosition(Visitor visitor) {
    for (int layer = 0; layer < LAYERS; layer++) {
      for (int row = 0; row < LENGTHS.length; row++) {
        for (int head = 0; head < HEADS; head++) {
          for (int position = 0; position < LENGTHS[row]; position++) {
            visitor.at(layer, row, head, position);
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Mask.class)
  void aPositionsWeightsAddUpToOne(Mask mask) {
    try (Gpt model = model(mask)) {
      Maps maps = Maps.of(model);
      everyPosition(
          (layer, row, head, from) ->
              assertThat(
                      IntStream.range(0, CONTEXT)
                          .mapToDouble(to -> maps.weight(layer, row, head, from, to))
                          .sum())
                  .isCloseTo(1, within(1e-5)));
    }
  }

  @Test
  void underACausalMaskWhatComesLaterHasNoWeightAtAll() {
    try (Gpt model = model(Mask.CAUSAL)) {
      Maps maps = Maps.of(model);
      everyPosition(
          (layer, row, head, from) -> {
            for (int to = from + 1; to < CONTEXT; to++) {
              assertThat(maps.weight(layer, row, head, from, to)).isZero();
            }
          });
    }
  }

  @Test
  void withoutOneEveryRealTokenHasWeightAndPaddingHasNone() {
    try (Gpt model = model(Mask.BIDIRECTIONAL)) {
      Maps maps = Maps.of(model);
      everyPosition(
          (layer, row, head, from) -> {
            for (int to = 0; to < CONTEXT; to++) {
              float weight = maps.weight(layer, row, head, from, to);
              if (to < LENGTHS[row]) {
                assertThat(weight).isPositive();
              } else {
                assertThat(weight).isZero();
              }
            }
          });
    }
  }

  @ParameterizedTest
  @EnumSource(Mask.class)
  void weightsTimesValuesAreWhatTheFusedAttentionComputesWithin1e5(Mask mask) {
    try (Gpt model = model(mask)) {
      Maps maps = Maps.of(model);
      double[] largest = new double[1];
      everyPosition(
          (layer, row, head, from) -> {
            for (int d = 0; d < VALUE_DIM; d++) {
              float fused = maps.fused(layer, row, head, from, d);
              largest[0] = Math.max(largest[0], Math.abs(fused));
              assertThat((double) fused)
                  .isCloseTo(maps.mixed(layer, row, head, from, d), within(1e-5));
            }
          });
      assertThat(largest[0]).isGreaterThan(0.01);
    }
  }

  @ParameterizedTest
  @EnumSource(Mask.class)
  void aPaddedRowAttendsAsItDoesAlone(Mask mask) {
    try (Gpt model = model(mask)) {
      Maps maps = Maps.of(model);
      int[] ids = IntStream.range(CONTEXT, CONTEXT + 7).map(i -> (int) ids()[i]).toArray();

      AttentionMaps alone = AttentionMaps.of(model, ProblemType.SINGLE_LABEL_CLASSIFICATION, ids);

      assertThat(alone.weights().length).isEqualTo(LAYERS);
      assertThat(alone.weights()[0].length).isEqualTo(HEADS);
      for (int layer = 0; layer < LAYERS; layer++) {
        for (int head = 0; head < HEADS; head++) {
          assertThat(alone.weights()[layer][head].length).isEqualTo(7);
          assertThat(alone.values()[layer][head][0]).hasSize(VALUE_DIM);
          for (int from = 0; from < 7; from++) {
            for (int to = 0; to < 7; to++) {
              assertThat(alone.weights()[layer][head][from][to])
                  .isCloseTo(maps.weight(layer, 1, head, from, to), within(1e-5f));
            }
          }
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Head.Kind.class)
  void theProbabilitiesOfTheMapsAreTheSoftmaxOfTheLogits(Head.Kind kind) {
    int labels = kind == Head.Kind.LANGUAGE_MODEL ? 0 : 3;
    Head head =
        new Head(kind, Head.Output.OWN, Head.Layers.LINEAR, Head.Pooling.MEAN, true, labels);
    try (Gpt model = model(config(Mask.CAUSAL, 2).with(head))) {
      int[] ids = {3, 1, 4, 1, 5};
      float[] logits;
      try (NDManager scratch = model.manager().newSubManager()) {
        NDArray tokens = scratch.create(new long[] {3, 1, 4, 1, 5}, new Shape(1, 5));
        NDArray lengths = scratch.create(new long[] {5});
        logits =
            model.kernels().logits(scratch, tokens, lengths, model.weightList()).toFloatArray();
      }

      float[][] probabilities =
          AttentionMaps.of(model, ProblemType.SINGLE_LABEL_CLASSIFICATION, ids).probabilities();

      int classes = model.config().numClasses();
      int rows = kind == Head.Kind.SEQUENCE_CLASSIFICATION ? 1 : 5;
      assertThat(probabilities.length).isEqualTo(rows);
      for (int row = 0; row < rows; row++) {
        double sum = 0;
        for (int c = 0; c < classes; c++) {
          sum += Math.exp(logits[row * classes + c]);
        }
        assertThat(probabilities[row]).hasSize(classes);
        for (int c = 0; c < classes; c++) {
          assertThat((double) probabilities[row][c])
              .isCloseTo(Math.exp(logits[row * classes + c]) / sum, within(1e-6));
        }
      }
    }
  }

  @Test
  void aModelWithoutLayersHasProbabilitiesAndNoMaps() {
    try (Gpt model = model(config(Mask.CAUSAL, 0))) {
      AttentionMaps maps =
          AttentionMaps.of(model, ProblemType.SINGLE_LABEL_CLASSIFICATION, new int[] {1, 2});

      assertThat(maps.weights().length).isZero();
      assertThat(maps.values().length).isZero();
      assertThat(maps.probabilities().length).isEqualTo(2);
    }
  }

  private static Gpt model(Mask mask) {
    return model(config(mask, LAYERS));
  }

  /** So sure of itself that positions differ in what they attend to. */
  private static Gpt model(ModelConfig config) {
    Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 3);
    model.weights().values().forEach(weight -> weight.muli(4));
    return model;
  }

  private static ModelConfig config(Mask mask, int layers) {
    return new ModelConfig(
        VOCAB,
        CONTEXT,
        layers,
        HEADS,
        16,
        HEAD_DIM,
        VALUE_DIM,
        mask,
        Positions.LEARNED,
        Norm.PRE,
        true,
        true,
        FeedForward.MLP,
        24,
        Activation.GELU,
        true,
        true,
        0,
        1e-5,
        Head.OWN);
  }

  private static long[] ids() {
    return new Random(5).longs((long) LENGTHS.length * CONTEXT, 0, VOCAB).toArray();
  }
}
