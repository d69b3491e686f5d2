package io.sparkformer.predict;

import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;

/**
 * What a model makes of one sequence.
 *
 * @param classes the classes by id, the likeliest first
 * @param probabilities of these, in their order
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
public record Classification(int[] classes, double[] probabilities) {

  /**
   * The softmax of logits.
   *
   * @return nothing if it has none, because a logit is not finite
   */
  public static Optional<Classification> of(float[] logits) {
    double max = Double.NEGATIVE_INFINITY;
    for (float logit : logits) {
      if (!Float.isFinite(logit)) {
        return Optional.empty();
      }
      max = Math.max(max, logit);
    }
    double[] weights = new double[logits.length];
    double sum = 0;
    for (int i = 0; i < weights.length; i++) {
      weights[i] = Math.exp(logits[i] - max);
      sum += weights[i];
    }
    Integer[] order = new Integer[weights.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingDouble(i -> -weights[i])); // stable: ties go by id
    int[] classes = new int[order.length];
    double[] probabilities = new double[order.length];
    for (int i = 0; i < classes.length; i++) {
      classes[i] = order[i];
      probabilities[i] = weights[order[i]] / sum;
    }
    return Optional.of(new Classification(classes, probabilities));
  }
}
