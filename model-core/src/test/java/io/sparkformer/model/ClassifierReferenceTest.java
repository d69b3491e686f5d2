package io.sparkformer.model;

import static io.sparkformer.SharedFiles.floats;
import static io.sparkformer.SharedFiles.largestDifference;
import static io.sparkformer.SharedFiles.longs;
import static io.sparkformer.SharedFiles.tensors;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.model.Head.Pooling;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.safetensors.SafeTensors;
import io.sparkformer.safetensors.StoredTensor;
import java.io.IOException;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Classifiers of padded sequences beside PyTorch's own numbers. */
class ClassifierReferenceTest {

  private static final String GOLDEN = "golden/gpt_tiny/classifier.safetensors";
  private static final String CAUSAL = "logits_causal_last_token";
  private static final String BIDIRECTIONAL = "logits_bidirectional_mean";
  private static final int ROWS = 4;
  private static final int TOKENS = 32;
  private static final int LABELS = 3;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  @ParameterizedTest
  @CsvSource({"CAUSAL, LAST, " + CAUSAL, "BIDIRECTIONAL, MEAN, " + BIDIRECTIONAL})
  void logitsOfAPaddedBatchEqualPyTorchsWithin1e5(Mask mask, Pooling pooling, String expected)
      throws IOException {
    Map<String, StoredTensor> golden = tensors(GOLDEN);
    long[] lengths = longs(golden.get("lengths"));
    assertThat(lengths).containsExactly(1, 5, 32, 9);
    try (Gpt model = classifier(golden, mask, pooling)) {
      float[] logits = logits(model, longs(golden.get("input_ids")), lengths, TOKENS);

      assertThat(logits).hasSize(ROWS * LABELS);
      assertThat(largestDifference(logits, floats(golden.get(expected)))).isLessThan(1e-5);
    }
  }

  @ParameterizedTest
  @CsvSource({"CAUSAL, LAST, " + CAUSAL, "BIDIRECTIONAL, MEAN, " + BIDIRECTIONAL})
  void aRowAloneWithoutPaddingHasTheSameLogits(Mask mask, Pooling pooling, String expected)
      throws IOException {
    Map<String, StoredTensor> golden = tensors(GOLDEN);
    long[] ids = longs(golden.get("input_ids"));
    long[] lengths = longs(golden.get("lengths"));
    float[] all = floats(golden.get(expected));
    try (Gpt model = classifier(golden, mask, pooling)) {
      for (int row = 0; row < ROWS; row++) {
        int length = (int) lengths[row];
        long[] alone = Arrays.copyOfRange(ids, row * TOKENS, row * TOKENS + length);
        float[] ofRow = Arrays.copyOfRange(all, row * LABELS, (row + 1) * LABELS);

        float[] logits = logits(model, alone, new long[] {length}, length);

        assertThat(largestDifference(logits, ofRow)).as("row %d", row).isLessThan(1e-5);
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"CAUSAL, LAST", "CAUSAL, MEAN", "BIDIRECTIONAL, LAST", "BIDIRECTIONAL, MEAN"})
  void theIdsOfPaddingChangeNothingNotOneBit(Mask mask, Pooling pooling) throws IOException {
    Map<String, StoredTensor> golden = tensors(GOLDEN);
    long[] ids = longs(golden.get("input_ids"));
    long[] lengths = longs(golden.get("lengths"));
    try (Gpt model = classifier(golden, mask, pooling)) {
      float[] expected = logits(model, ids, lengths, TOKENS);

      for (int id : new int[] {0, 64}) {
        long[] padded = ids.clone();
        for (int row = 0; row < ROWS; row++) {
          Arrays.fill(padded, row * TOKENS + (int) lengths[row], (row + 1) * TOKENS, id);
        }
        assertThat(padded).isNotEqualTo(ids);
        assertThat(logits(model, padded, lengths, TOKENS)).isEqualTo(expected);
      }
    }
  }

  @Test
  void eachMaskAndPoolingIsAModelOfItsOwn() throws IOException {
    Map<String, StoredTensor> golden = tensors(GOLDEN);
    long[] ids = longs(golden.get("input_ids"));
    long[] lengths = longs(golden.get("lengths"));
    try (Gpt last = classifier(golden, Mask.CAUSAL, Pooling.LAST);
        Gpt mean = classifier(golden, Mask.CAUSAL, Pooling.MEAN);
        Gpt all = classifier(golden, Mask.BIDIRECTIONAL, Pooling.MEAN)) {
      float[] ofLast = logits(last, ids, lengths, TOKENS);
      float[] ofMean = logits(mean, ids, lengths, TOKENS);
      float[] ofAll = logits(all, ids, lengths, TOKENS);

      assertThat(largestDifference(ofLast, ofMean)).isGreaterThan(1e-3);
      assertThat(largestDifference(ofMean, ofAll)).isGreaterThan(1e-3);
      // A sequence of one token has nothing to mask or to pool.
      assertThat(largestDifference(firstRow(ofLast), firstRow(ofMean))).isLessThan(1e-6);
      assertThat(largestDifference(firstRow(ofLast), firstRow(ofAll))).isLessThan(1e-6);
    }
  }

  private static float[] firstRow(float[] logits) {
    return Arrays.copyOf(logits, LABELS);
  }

  private static Gpt classifier(Map<String, StoredTensor> golden, Mask mask, Pooling pooling)
      throws IOException {
    ModelConfig config =
        ModelConfig.gpt2(65, TOKENS, 2, 4, 64).with(mask).with(Head.ofSequences(LABELS, pooling));
    Map<String, StoredTensor> named = new LinkedHashMap<>();
    golden.forEach(
        (name, entry) -> {
          if (name.startsWith("transformer.")) {
            named.put(name, entry);
          } else if (name.equals("lm_head.weight")) {
            named.put("score.weight", entry);
          }
        });
    Gpt model = Gpt.empty(config, Precision.FP32, Device.cpu());
    SafeTensors.copyInto(localFiles(), model.weights(), named, hadoop(SharedData.beside(GOLDEN)));
    return model;
  }

  private static float[] logits(Gpt model, long[] ids, long[] lengths, int tokens) {
    try (NDManager scratch = model.manager().newSubManager()) {
      NDArray logits =
          model
              .kernels()
              .logits(
                  scratch,
                  scratch.create(ids, new Shape(lengths.length, tokens)),
                  scratch.create(lengths),
                  model.weightList());
      assertThat(logits.getShape()).isEqualTo(new Shape(lengths.length, LABELS));
      return logits.toFloatArray();
    }
  }
}
