package io.sparkformer.model;

import io.sparkformer.datasets.sample.TokenBatch;
import java.util.List;
import java.util.Set;

/**
 * What training minimizes, and over which weights.
 *
 * @param labelSmoothing share of a target's probability that all classes share (Szegedy et al.
 *     2016, arXiv:1512.00567)
 * @param classWeights how much a target of each class counts; empty if all count the same
 * @param frozen names of the weights that stay as they are
 */
public record Objective(double labelSmoothing, List<Double> classWeights, Set<String> frozen) {

  /** Plain cross entropy over all weights. */
  public static final Objective PLAIN = new Objective(0, List.of(), Set.of());

  public Objective {
    classWeights = List.copyOf(classWeights);
    frozen = Set.copyOf(frozen);
  }

  /** What a batch's targets count together: the divisor that makes a sum of losses their mean. */
  public double weightOf(TokenBatch batch) {
    double weight = 0;
    for (long target : batch.targets()) {
      if (target != TokenBatch.IGNORED) {
        weight += classWeights.isEmpty() ? 1 : classWeights.get((int) target);
      }
    }
    return weight;
  }
}
