package io.sparkformer.datasets.sample;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokens.TokenStream;
import java.util.Arrays;
import java.util.Objects;

/**
 * Windows of a stream: inputs, and as targets the same one token later, whatever sequences the
 * stream is made of.
 */
public final class WindowSamples implements Samples {

  private final TokenStream stream;
  private final int contextLength;
  private final int stride;
  private final long size;

  private WindowSamples(TokenStream stream, int contextLength, int stride, long size) {
    this.stream = stream;
    this.contextLength = contextLength;
    this.stride = stride;
    this.size = size;
  }

  /**
   * Every window of contextLength + 1 tokens: sample i starts at token i.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the stream is shorter than a window
   */
  public static WindowSamples everyStart(TokenStream stream, int contextLength) {
    requireWindow(stream, contextLength);
    return new WindowSamples(stream, contextLength, 1, stream.length() - contextLength);
  }

  /**
   * Windows one after the other: sample i starts at token i * contextLength; what remains of the
   * stream is left out.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the stream is shorter than a window
   */
  public static WindowSamples sideBySide(TokenStream stream, int contextLength) {
    requireWindow(stream, contextLength);
    long size = (stream.length() - 1) / contextLength;
    return new WindowSamples(stream, contextLength, contextLength, size);
  }

  /**
   * Windows one after the other, and what remains of the stream as a shorter last one: every token
   * but the first is a target exactly once.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the stream has nothing to predict,
   *     that is fewer than 2 tokens
   */
  public static WindowSamples covering(TokenStream stream, int contextLength) {
    requireContext(contextLength);
    require(
        stream.length() >= 2,
        "split '%s' has %d tokens, evaluation needs at least 2: use another split, or more text",
        stream.name(),
        stream.length());
    long size = (stream.length() - 2) / contextLength + 1;
    return new WindowSamples(stream, contextLength, contextLength, size);
  }

  @Override
  public long size() {
    return size;
  }

  @Override
  public TokenBatch batch(long[] indices) {
    long[] lengths = Arrays.stream(indices).map(this::length).toArray();
    TokenBatch batch = TokenBatch.padded(lengths);
    for (int row = 0; row < indices.length; row++) {
      long start = indices[row] * stride;
      int length = (int) lengths[row];
      int offset = row * batch.contextLength();
      stream.read(start, length, batch.inputs(), offset);
      System.arraycopy(batch.inputs(), offset + 1, batch.targets(), offset, length - 1);
      stream.read(start + length, 1, batch.targets(), offset + length - 1);
    }
    return batch;
  }

  private long length(long index) {
    Objects.checkIndex(index, size);
    return Math.min(contextLength, stream.length() - 1 - index * stride);
  }

  private static void requireWindow(TokenStream stream, int contextLength) {
    requireContext(contextLength);
    require(
        stream.length() > contextLength,
        "split '%s' has %d tokens, but model.context-length %d needs at least %d: use a shorter context-length, or more text",
        stream.name(),
        stream.length(),
        contextLength,
        contextLength + 1L);
  }

  private static void requireContext(int contextLength) {
    require(contextLength > 0, "model.context-length is %d: it must be at least 1", contextLength);
  }
}
