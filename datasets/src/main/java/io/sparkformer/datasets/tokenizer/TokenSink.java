package io.sparkformer.datasets.tokenizer;

import java.io.IOException;

/** Where an {@link Encoder} puts its tokens. */
@FunctionalInterface
public interface TokenSink {

  /**
   * Takes the next tokens.
   *
   * @param tokens the first {@code count} are meant; the array is the encoder's and used again
   */
  void accept(int[] tokens, int count) throws IOException;
}
