package io.sparkformer.jobs;

import java.io.Closeable;
import java.io.IOException;

/**
 * The documents of a unit, in order, as they are read on an executor; for one thread.
 *
 * <pre>{@code
 * while (documents.next()) {
 *   while (documents.nextPiece()) {
 *     use(documents.bytes(), documents.from(), documents.to());
 *   }
 * }
 * }</pre>
 */
interface Documents extends Closeable {

  /**
   * Goes to the next document, past what is left of the current one.
   *
   * @return false after the last
   */
  boolean next() throws IOException;

  /**
   * Goes to the current document's next piece of text.
   *
   * @return false after its last piece; at once if it is empty or null
   */
  boolean nextPiece() throws IOException;

  /** The array that holds the piece, until the next call. */
  byte[] bytes();

  int from();

  int to();

  /** Whether the source has a null in the document's place. */
  boolean isNull();

  /** The document's label; empty if the source has no labels. */
  String label();

  /** The current document for messages: file or partition, and line or row. */
  String where();

  /** Bytes of the sources that were read so far, for the progress. */
  long bytesRead();
}
