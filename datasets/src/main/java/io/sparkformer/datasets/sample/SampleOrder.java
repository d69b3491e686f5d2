package io.sparkformer.datasets.sample;

import java.util.stream.IntStream;

/**
 * Which sample each row of training is, as a pure function of where the row stands.
 *
 * <p>The same (step, micro-batch, row) gives the same sample on any rank, after any resume and for
 * any sharding. Safe for many threads.
 */
public sealed interface SampleOrder permits RandomOrder, EpochOrder {

  /** The index of a row that a step does not have. */
  long NONE = -1;

  /**
   * The number of a row's sample.
   *
   * @param step from 0
   * @param microBatch number within the step's global batch, from 0
   * @param row number within the micro-batch, from 0
   * @return from 0 to below the number of samples, or {@link #NONE} if the step has no such row
   */
  long index(long step, int microBatch, int row);

  /**
   * The samples of a micro-batch.
   *
   * @param rows of a whole micro-batch
   * @return [rows], or fewer where the step has fewer, even none
   */
  default long[] indices(long step, int microBatch, int rows) {
    return IntStream.range(0, rows)
        .mapToLong(row -> index(step, microBatch, row))
        .filter(index -> index != NONE)
        .toArray();
  }
}
