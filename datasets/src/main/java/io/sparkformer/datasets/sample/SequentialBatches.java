package io.sparkformer.datasets.sample;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.stream.LongStream;

/**
 * All samples in order, in batches of the same number of rows but for the last, which may have
 * fewer; for evaluation. Averages must be weighted by what a batch predicts.
 */
public final class SequentialBatches implements Iterable<TokenBatch> {

  private final Samples samples;
  private final int rows;
  private final long selected;

  private SequentialBatches(Samples samples, int rows, long selected) {
    this.samples = samples;
    this.rows = rows;
    this.selected = Math.min(selected, allBatches());
  }

  /**
   * All samples.
   *
   * @param rows samples of a batch
   * @throws io.sparkformer.datasets.InvalidInputException if rows is not positive
   */
  public static SequentialBatches over(Samples samples, int rows) {
    require(rows > 0, "batches of %d rows: it must be at least 1", rows);
    return new SequentialBatches(samples, rows, Long.MAX_VALUE);
  }

  /**
   * At most this many batches, evenly spaced over the samples; always the same ones.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the number is not positive
   */
  public SequentialBatches evenlySpaced(long batches) {
    require(batches > 0, "evaluation of %d batches: it must be at least 1", batches);
    return new SequentialBatches(samples, rows, batches);
  }

  /** Number of batches. */
  public long batches() {
    return selected;
  }

  /**
   * A batch.
   *
   * @param index from 0 to {@link #batches()} - 1
   */
  public TokenBatch batch(long index) {
    long first = position(index) * rows;
    long end = Math.min(first + rows, samples.size());
    return samples.batch(LongStream.range(first, end).toArray());
  }

  @Override
  public Iterator<TokenBatch> iterator() {
    return new Iterator<>() {
      private long next;

      @Override
      public boolean hasNext() {
        return next < selected;
      }

      @Override
      public TokenBatch next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        return batch(next++);
      }
    };
  }

  /**
   * Selected batch -> its number over all samples: the middle of each of {@code selected} equal
   * parts.
   */
  private long position(long index) {
    return selected == allBatches() ? index : (2 * index + 1) * allBatches() / (2 * selected);
  }

  private long allBatches() {
    return (samples.size() + rows - 1) / rows;
  }
}
