package io.sparkformer.datasets.sample;

/**
 * Samples drawn uniformly, with replacement: there are no epochs, and every step has all its rows.
 *
 * @param seed any value
 * @param size number of samples, at least 1
 */
public record RandomOrder(long seed, long size) implements SampleOrder {

  public RandomOrder {
    if (size < 1) {
      throw new IllegalArgumentException("an order over " + size + " samples");
    }
  }

  @Override
  public long index(long step, int microBatch, int row) {
    long bits =
        SplitMix.mix(SplitMix.mix(SplitMix.mix(SplitMix.mix(seed) ^ step) ^ microBatch) ^ row);
    // (bits / 2^63) * size in integers; the bias is below size / 2^63.
    return Math.multiplyHigh(bits >>> 1, size << 1);
  }
}
