package io.sparkformer.datasets.sample;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.TokenStream;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * A stream cut into windows side by side, for evaluation.
 *
 * <p>Over the whole stream every token but the first is a target exactly once. Batches have {@code
 * rows} windows of {@code contextLength} tokens; the last of the full windows may make a batch of
 * fewer rows, and what remains of the stream is a batch of one shorter row: averages must be
 * weighted by {@link TokenBatch#tokens()}.
 */
public final class SequentialWindows implements Iterable<TokenBatch> {

  private final TokenStream stream;
  private final int rows;
  private final int contextLength;
  private final long fullWindows;
  private final int remainder;
  private final long selected;

  private SequentialWindows(TokenStream stream, int rows, int contextLength, long selected) {
    this.stream = stream;
    this.rows = rows;
    this.contextLength = contextLength;
    this.fullWindows = (stream.length() - 1) / contextLength;
    this.remainder = (int) ((stream.length() - 1) % contextLength);
    this.selected = Math.min(selected, allBatches());
  }

  /**
   * The whole stream.
   *
   * @param rows windows of a batch
   * @param contextLength tokens of a window
   * @throws io.sparkformer.datasets.InvalidInputException if the stream has nothing to predict,
   *     that is fewer than 2 tokens
   */
  public static SequentialWindows over(TokenStream stream, int rows, int contextLength) {
    require(
        rows > 0 && contextLength > 0,
        "batches of %d x %d tokens: both must be at least 1",
        rows,
        contextLength);
    require(
        stream.length() >= 2,
        "split '%s' has %d tokens, evaluation needs at least 2: use another split, or more text",
        stream.name(),
        stream.length());
    return new SequentialWindows(stream, rows, contextLength, Long.MAX_VALUE);
  }

  /**
   * At most this many batches, evenly spaced over the stream; always the same ones.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the number is not positive
   */
  public SequentialWindows evenlySpaced(long batches) {
    require(batches > 0, "evaluation of %d batches: it must be at least 1", batches);
    return new SequentialWindows(stream, rows, contextLength, batches);
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
    long number = position(index);
    long firstWindow = number * rows;
    if (firstWindow >= fullWindows) {
      return TokenBatch.ofWindows(stream, new long[] {fullWindows * contextLength}, remainder);
    }
    long[] starts = new long[(int) Math.min(rows, fullWindows - firstWindow)];
    for (int row = 0; row < starts.length; row++) {
      starts[row] = (firstWindow + row) * contextLength;
    }
    return TokenBatch.ofWindows(stream, starts, contextLength);
  }

  /**
   * Tokens that a batch predicts.
   *
   * @param index from 0 to {@link #batches()} - 1
   */
  public long tokens(long index) {
    long firstWindow = position(index) * rows;
    return firstWindow >= fullWindows
        ? remainder
        : Math.min(rows, fullWindows - firstWindow) * contextLength;
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
   * Selected batch -> its number over the whole stream: the middle of each of {@code selected}
   * equal parts.
   */
  private long position(long index) {
    return selected == allBatches() ? index : (2 * index + 1) * allBatches() / (2 * selected);
  }

  private long allBatches() {
    return (fullWindows + rows - 1) / rows + (remainder > 0 ? 1 : 0);
  }
}
