package io.sparkformer.predict;

import io.sparkformer.model.ProblemType;
import java.util.Arrays;
import java.util.Comparator;
import java.util.Optional;

/**
 * What a model makes of one sequence.
 *
 * @param problem what it was asked
 * @param classes the classes by id, the likeliest first
 * @param probabilities of these, in their order; of a regression, its numbers
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
public record Classification(ProblemType problem, int[] classes, double[] probabilities) {

  /**
   * What logits mean.
   *
   * @return nothing if a logit is not finite
   */
  public static Optional<Classification> of(ProblemType problem, float[] logits) {
    for (float logit : logits) {
      if (!Float.isFinite(logit)) {
        return Optional.empty();
      }
    }
    double[] scores = problem.scores(logits);
    int[] classes = new int[scores.length];
    double[] probabilities = new double[scores.length];
    Integer[] order = new Integer[scores.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingDouble(i -> -scores[i])); // stable: ties go by id
    for (int i = 0; i < classes.length; i++) {
      classes[i] = order[i];
      probabilities[i] = scores[order[i]];
    }
    return Optional.of(new Classification(problem, classes, probabilities));
  }

  /**
   * How many of the classes hold, from the first on: the likeliest alone, or, where there may be
   * any number, those above the threshold; of a regression, none.
   */
  public int holding(double threshold) {
    return switch (problem) {
      case SINGLE_LABEL_CLASSIFICATION -> 1;
      case MULTI_LABEL_CLASSIFICATION ->
          (int) Arrays.stream(probabilities).takeWhile(p -> p > threshold).count();
      case REGRESSION -> 0;
    };
  }
}
