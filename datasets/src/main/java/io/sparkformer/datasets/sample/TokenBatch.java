package io.sparkformer.datasets.sample;

import io.sparkformer.datasets.TokenStream;

/**
 * Rows of tokens and, for each, the token that follows it.
 *
 * <p>B = rows, T = contextLength. The arrays are the batch's own and may be handed to an engine as
 * they are.
 *
 * @param inputs token ids [B, T], row-major
 * @param targets token ids [B, T], row-major; targets[b, t] is the stream's token after inputs[b,
 *     t]
 * @param rows B
 * @param contextLength T
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one; engines take arrays.
public record TokenBatch(long[] inputs, long[] targets, int rows, int contextLength) {

  public TokenBatch {
    int tokens = Math.multiplyExact(rows, contextLength);
    if (inputs.length != tokens || targets.length != tokens) {
      throw new IllegalArgumentException(
          String.format(
              "a batch of %d x %d tokens has %d inputs and %d targets",
              rows, contextLength, inputs.length, targets.length));
    }
  }

  /** Tokens that are predicted: rows x contextLength. */
  public int tokens() {
    return inputs.length;
  }

  /** The batch of one micro-batch of a training step. */
  public static TokenBatch sampled(
      TokenStream stream, WindowSampler sampler, long step, int microBatch, int rows) {
    long[] starts = new long[rows];
    for (int row = 0; row < rows; row++) {
      starts[row] = sampler.start(step, microBatch, row);
    }
    return ofWindows(stream, starts, sampler.contextLength());
  }

  /**
   * The batch of given windows.
   *
   * @param starts position of each row's first input
   * @throws IndexOutOfBoundsException if a window of contextLength + 1 tokens does not fit the
   *     stream
   */
  public static TokenBatch ofWindows(TokenStream stream, long[] starts, int contextLength) {
    int tokens = Math.multiplyExact(starts.length, contextLength);
    long[] inputs = new long[tokens];
    long[] targets = new long[tokens];
    for (int row = 0; row < starts.length; row++) {
      int offset = row * contextLength;
      stream.read(starts[row], contextLength, inputs, offset);
      System.arraycopy(inputs, offset + 1, targets, offset, contextLength - 1);
      stream.read(starts[row] + contextLength, 1, targets, offset + contextLength - 1);
    }
    return new TokenBatch(inputs, targets, starts.length, contextLength);
  }
}
