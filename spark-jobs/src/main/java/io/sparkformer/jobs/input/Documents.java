package io.sparkformer.jobs.input;

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
public interface Documents extends Closeable {

  /** See {@link #nextPiece}. */
  int PIECE_BYTES = 1 << 20;

  /**
   * Goes to the next document, past what is left of the current one.
   *
   * @return false after the last
   */
  boolean next() throws IOException;

  /**
   * Goes to the current document's next piece of text. Every piece but the last has at least {@link
   * #PIECE_BYTES}, and ends with a whole character if it is UTF-8.
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

  /** The current document for messages: its file, or its table's partition and row. */
  String where();

  /** Where in the file, or in the row's text, an index of the current piece is; in bytes. */
  default long offset(int at) {
    return (long) at - from();
  }

  /** Whether malformed UTF-8 comes as U+FFFD already, so that it is not told from a written one. */
  default boolean isReplaced() {
    return false;
  }

  /** Whether the document begins here; it may have begun in an earlier unit. */
  default boolean begins() {
    return true;
  }

  /** Whether the document ends here, and does not go on in a later unit. */
  default boolean ends() {
    return true;
  }

  /** Whether the file that is read is no text, as far as its start tells. */
  default boolean isNoText() {
    return false;
  }
}
