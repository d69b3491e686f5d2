package io.sparkformer.train;

import ai.djl.ndarray.NDArray;
import java.util.List;

/**
 * What the ranks of a run do together: which micro-batches of a step are whose, and the sum of
 * their gradients.
 *
 * <p>Of one rank so far. A step's micro-batches are one list, whatever the number of ranks; each
 * rank takes a contiguous part of it.
 *
 * @param rank from 0
 * @param worldSize number of ranks
 */
public record Collective(int rank, int worldSize) {

  public Collective {
    if (worldSize != 1 || rank != 0) {
      throw new IllegalArgumentException("rank " + rank + " of " + worldSize);
    }
  }

  /** A run of one rank. */
  public static Collective single() {
    return new Collective(0, 1);
  }

  /** First micro-batch of this rank; the next rank's first is its end. */
  public int firstMicroBatch(int microBatches) {
    return (int) ((long) microBatches * rank / worldSize);
  }

  /** One past the last micro-batch of this rank. */
  public int endMicroBatch(int microBatches) {
    return (int) ((long) microBatches * (rank + 1) / worldSize);
  }

  /**
   * Replaces gradient sums by the sums over all ranks, in place.
   *
   * @param gradients of one rank's micro-batches, in the model's order
   * @param loss the sum of their losses
   * @return the sum of all ranks' losses
   */
  public double sum(List<NDArray> gradients, double loss) {
    return loss;
  }
}
