package io.sparkformer.datasets.sample;

/**
 * A split as numbered samples.
 *
 * <p>Safe for many threads; valid until its {@link io.sparkformer.datasets.tokens.TokenDataset} is
 * closed.
 */
public interface Samples {

  /** Number of samples, at least 1. */
  long size();

  /**
   * A batch of chosen samples, in the order given, padded on the right to the longest: with id 0 in
   * the inputs and {@link TokenBatch#IGNORED} in the targets.
   *
   * @param indices numbers of samples, from 0 to {@link #size()} - 1; at least one
   * @throws IndexOutOfBoundsException if a number is not in this range
   * @throws IllegalArgumentException if there are none
   */
  TokenBatch batch(long[] indices);
}
