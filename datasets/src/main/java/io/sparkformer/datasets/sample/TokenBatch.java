package io.sparkformer.datasets.sample;

import java.util.Arrays;

/**
 * Rows of tokens, padded on the right to one length, and what is to be predicted of them.
 *
 * <p>B = rows, T = contextLength. The arrays are the batch's own and may be handed to an engine as
 * they are.
 *
 * @param inputs token ids [B, T], row-major; any id of the vocabulary where a row is padded
 * @param targets classes [B, T], row-major, or [B], one for each row; {@link #IGNORED} where
 *     nothing is to be predicted, as in padding
 * @param lengths real tokens of each row [B], from 1 to T
 * @param rows B
 * @param contextLength T
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one; engines take arrays.
public record TokenBatch(
    long[] inputs, long[] targets, long[] lengths, int rows, int contextLength) {

  /** A target that does not count; PyTorch's own number for it. */
  public static final long IGNORED = -100;

  public TokenBatch {
    int tokens = Math.multiplyExact(rows, contextLength);
    if (inputs.length != tokens
        || (targets.length != tokens && targets.length != rows)
        || lengths.length != rows) {
      throw new IllegalArgumentException(
          String.format(
              "a batch of %d x %d tokens has %d inputs, %d targets and %d lengths",
              rows, contextLength, inputs.length, targets.length, lengths.length));
    }
  }

  /** A batch without padding. */
  public static TokenBatch full(long[] inputs, long[] targets, int rows, int contextLength) {
    long[] lengths = new long[rows];
    Arrays.fill(lengths, contextLength);
    return new TokenBatch(inputs, targets, lengths, rows, contextLength);
  }

  /** A batch of padding, of which a target for every token is to be filled in. */
  static TokenBatch padded(long[] lengths) {
    return padded(lengths, Math.multiplyExact(lengths.length, longest(lengths)));
  }

  /** A batch of padding, of which one target for each row is to be filled in. */
  static TokenBatch paddedWithTargetPerRow(long[] lengths) {
    return padded(lengths, lengths.length);
  }

  private static TokenBatch padded(long[] lengths, int targetCount) {
    int contextLength = longest(lengths);
    long[] inputs = new long[Math.multiplyExact(lengths.length, contextLength)];
    long[] targets = new long[targetCount];
    Arrays.fill(targets, IGNORED);
    return new TokenBatch(inputs, targets, lengths, lengths.length, contextLength);
  }

  private static int longest(long[] lengths) {
    return (int)
        Arrays.stream(lengths)
            .max()
            .orElseThrow(() -> new IllegalArgumentException("a batch of no samples"));
  }

  /** A batch of no rows, where an epoch has fewer samples than a step. */
  public static TokenBatch none() {
    return new TokenBatch(new long[0], new long[0], new long[0], 0, 0);
  }

  /** Tokens of all rows, without padding. */
  public long tokens() {
    return Arrays.stream(lengths).sum();
  }

  /** Whether some row is shorter than others. */
  public boolean isPadded() {
    return tokens() < inputs.length;
  }
}
