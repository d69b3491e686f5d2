package io.sparkformer.datasets.tokenizer;

import java.io.IOException;

/**
 * Turns documents that come in pieces into tokens; for one thread.
 *
 * <p>How a document is cut into pieces makes no difference to its tokens, even within a character.
 */
public interface Encoder {

  /**
   * Encodes a further piece of the open document, up to where what follows could matter.
   *
   * @param utf8 UTF-8; bytes that are not are for the caller to replace, unless the tokenizer knows
   *     all bytes
   * @param sink takes what is settled; what is not is held back
   * @throws io.sparkformer.datasets.InvalidInputException if the tokenizer has no token for a
   *     character
   */
  void append(byte[] utf8, int from, int to, TokenSink sink) throws IOException;

  /** Ends the open document: gives what was held back, and is ready for the next one. */
  void endDocument(TokenSink sink) throws IOException;
}
