package io.sparkformer.datasets.sample;

import static io.sparkformer.datasets.InvalidInputException.require;

/**
 * Every sample once in each epoch, in an order of the epoch's own.
 *
 * <p>The order is a pure function of (seed, epoch) and takes no memory. A step belongs to one
 * epoch.
 *
 * @param seed any value
 * @param size number of samples, at least 1
 * @param globalBatchSize samples of a step
 * @param microBatchSize rows of a micro-batch; the last of a step has fewer if it does not divide
 *     the global batch
 * @param remainder what becomes of the samples that do not fill an epoch's last step
 */
public record EpochOrder(
    long seed, long size, int globalBatchSize, int microBatchSize, Remainder remainder)
    implements SampleOrder {

  /** What becomes of the samples that do not fill an epoch's last step. */
  public enum Remainder {
    /** They are left out; since each epoch has its own order, they are others each time. */
    DROP,
    /** They make a step with fewer rows. */
    KEEP
  }

  /**
   * An order.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if a batch size is not positive, or an
   *     epoch has no step
   */
  public EpochOrder {
    require(
        microBatchSize > 0,
        "training.micro-batch-size is %d: it must be at least 1",
        microBatchSize);
    stepsPerEpoch(size, globalBatchSize, remainder);
  }

  /**
   * Steps of an epoch.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the global batch size is not positive,
   *     or there is no step
   */
  public static long stepsPerEpoch(long size, int globalBatchSize, Remainder remainder) {
    if (size < 1) {
      throw new IllegalArgumentException("an order over " + size + " samples");
    }
    require(
        globalBatchSize > 0,
        "training.global-batch-size is %d: it must be at least 1",
        globalBatchSize);
    long full = size / globalBatchSize;
    require(
        full > 0 || remainder == Remainder.KEEP,
        "the train split has %d samples, fewer than training.global-batch-size (%d): lower"
            + " training.global-batch-size or set data.drop-last=false",
        size,
        globalBatchSize);
    return remainder == Remainder.KEEP && size % globalBatchSize > 0 ? full + 1 : full;
  }

  /** Steps of an epoch. */
  public long stepsPerEpoch() {
    return stepsPerEpoch(size, globalBatchSize, remainder);
  }

  /** The epoch of a step, both from 0. */
  public long epoch(long step) {
    return step / stepsPerEpoch();
  }

  @Override
  public long index(long step, int microBatch, int row) {
    long ofStep = (long) microBatch * microBatchSize + row;
    if (row >= microBatchSize || ofStep >= globalBatchSize) {
      return NONE;
    }
    long steps = stepsPerEpoch();
    long position = step % steps * globalBatchSize + ofStep;
    return position < size
        ? new Permutation(SplitMix.mix(seed) ^ step / steps, size).apply(position)
        : NONE;
  }
}
