package io.sparkformer.jobs.train;

import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.Precision;
import io.sparkformer.recipe.Recipe;
import java.util.Locale;

/**
 * About how much memory a rank takes beside its Java heap.
 *
 * @param stateBytes weights, gradients, moments, and what sums and exchanges gradients
 * @param activationBytes of one micro-batch, kept for the backward pass
 */
record MemoryNeed(double stateBytes, double activationBytes) {

  private static final double MB = 1 << 20;
  private static final double GB = 1 << 30;

  /** Weights, gradients and two moments in float32. */
  private static final double STATE = 16;

  /** A partial sum of gradients in float32. */
  private static final double GRADIENTS = 4;

  /** What is sent and what is received. */
  private static final double EXCHANGE = 8;

  /** Two copies of weights and moments, which the first rank writes from. */
  private static final double SNAPSHOTS = 24;

  /** Logits, their softmax and its gradient, in float32. */
  private static final double LOGITS = 3 * 4;

  static MemoryNeed of(Recipe recipe, int workers) {
    ModelConfig model = recipe.model();
    int microBatches = (recipe.training().gradAccumSteps() + workers - 1) / workers;
    int partialSums = Integer.SIZE - Integer.numberOfLeadingZeros(microBatches - 1);
    double perParameter =
        STATE + SNAPSHOTS + GRADIENTS * partialSums + (workers > 1 ? EXCHANGE : 0);
    double tokens = (double) recipe.training().microBatchSize() * model.contextLength();
    // Of a block: two norms, queries, keys, values, attention's and both branches' outputs, and the
    // feed-forward layer before and after its non-linearity.
    double perBlock = 8.0 * model.embeddingDim() + 2.0 * model.feedForwardDim();
    double bytes = recipe.training().precision() == Precision.BF16 ? 2 : 4;
    return new MemoryNeed(
        model.parameterCount() * perParameter,
        tokens * (LOGITS * model.numClasses() + model.numLayers() * perBlock * bytes));
  }

  double bytes() {
    return stateBytes + activationBytes;
  }

  /** A size as people say it. */
  static String shown(double bytes) {
    return bytes < GB
        ? String.format(Locale.ROOT, "%.0f MB", bytes / MB)
        : String.format(Locale.ROOT, "%.1f GB", bytes / GB);
  }
}
