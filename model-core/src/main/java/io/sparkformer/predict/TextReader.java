package io.sparkformer.predict;

/** Makes a model's input of texts; for one thread. */
public interface TextReader {

  /**
   * The token ids that the model reads of a text: of a long one those within its context.
   *
   * @return none if there is nothing to read
   * @throws io.sparkformer.datasets.InvalidInputException if there is no token for a character
   */
  int[] read(String text);
}
