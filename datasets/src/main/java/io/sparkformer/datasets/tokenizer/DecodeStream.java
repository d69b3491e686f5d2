package io.sparkformer.datasets.tokenizer;

/**
 * The text of tokens that come a few at a time: what is given, put together, is the text of all of
 * them, and each is decoded when it comes, and not again with every one that follows. For one
 * thread.
 */
public interface DecodeStream {

  /**
   * What further tokens add to the text; what ends in the middle of a character is held back.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if an id is not in the vocabulary
   */
  String next(int... ids);

  /** What was held back; there are no further tokens. */
  String rest();
}
