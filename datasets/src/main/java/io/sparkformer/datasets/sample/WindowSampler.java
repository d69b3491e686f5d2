package io.sparkformer.datasets.sample;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.TokenStream;

/**
 * Random windows of a stream, with replacement, as a pure function of where a row stands in
 * training.
 *
 * <p>The same (seed, step, micro-batch, row) gives the same window on any rank, after any resume
 * and for any sharding. A window is contextLength + 1 tokens: inputs, and targets one token later.
 *
 * @param seed any value
 * @param streamLength tokens in the stream
 * @param contextLength tokens that a row predicts
 */
public record WindowSampler(long seed, long streamLength, int contextLength) {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  public WindowSampler {
    requireLength("the split", streamLength, contextLength);
  }

  /**
   * A sampler over a stream.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the stream is shorter than a window
   */
  public static WindowSampler over(TokenStream stream, int contextLength, long seed) {
    requireLength("split '" + stream.name() + "'", stream.length(), contextLength);
    return new WindowSampler(seed, stream.length(), contextLength);
  }

  /**
   * The position of a window's first token, uniform over all windows of the stream.
   *
   * @param step counted from any number, not negative
   * @param microBatch number within the step's global batch
   * @param row number within the micro-batch
   */
  public long start(long step, int microBatch, int row) {
    long bits = mix(mix(mix(mix(seed) ^ step) ^ microBatch) ^ row);
    long starts = streamLength - contextLength;
    // (bits / 2^63) * starts in integers; the bias is below starts / 2^63.
    return Math.multiplyHigh(bits >>> 1, starts << 1);
  }

  /**
   * The next output of SplitMix64 (Steele, Lea, Flood 2014) from a state: a bijection with full
   * avalanche.
   */
  private static long mix(long state) {
    long z = state + GOLDEN_GAMMA;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  private static void requireLength(String split, long streamLength, int contextLength) {
    require(contextLength > 0, "model.context-length is %d: it must be at least 1", contextLength);
    require(
        streamLength > contextLength,
        "%s has %d tokens, but model.context-length %d needs at least %d: use a shorter context-length, or more text",
        split,
        streamLength,
        contextLength,
        contextLength + 1L);
  }
}
