package io.sparkformer.jobs.input;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.text.Utf8Text;
import io.sparkformer.datasets.tokens.DatasetManifest.Skipped;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Iterator;
import java.util.NoSuchElementException;
import net.jpountz.xxhash.XXHash64;
import net.jpountz.xxhash.XXHashFactory;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.TaskKilledException;

/**
 * The documents of a unit that have text, as UTF-8; for one thread.
 *
 * <p>Nulls, empty documents and those that are to be left out are passed over and counted.
 */
public final class CleanDocuments {

  private static final byte[] REPLACEMENT = {(byte) 0xEF, (byte) 0xBF, (byte) 0xBD};
  private static final XXHash64 HASH = XXHashFactory.fastestJavaInstance().hash64();

  private final TaskContext task = TaskContext.get();
  private final Documents source;
  private final MalformedInput policy;
  private final KeptDocuments kept;
  private byte[] cleaned = new byte[0];

  private byte[] bytes;
  private int from;
  private int to;
  private int ordinal = -1;
  private long documents;
  private long nulls;
  private long empties;
  private long duplicates;
  private long malformed;
  private String firstMalformed = "";

  private CleanDocuments(Documents source, MalformedInput policy, KeptDocuments kept) {
    this.source = source;
    this.policy = policy;
    this.kept = kept;
  }

  public static CleanDocuments of(Documents source, MalformedInput policy, KeptDocuments kept) {
    return new CleanDocuments(source, policy, kept);
  }

  /** Of all documents with text. */
  public static CleanDocuments all(Documents source, MalformedInput policy) {
    return new CleanDocuments(source, policy, KeptDocuments.ALL);
  }

  /** Goes to the next document and its first piece; false after the last. */
  public boolean next() throws IOException {
    while (source.next()) {
      if (source.isNull()) {
        nulls++;
      } else if (!nextPiece()) {
        empties++;
      } else {
        ordinal++;
        if (kept.has(ordinal)) {
          documents += source.begins() ? 1 : 0;
          return true;
        }
        duplicates++;
      }
    }
    return false;
  }

  /** What is made of a document whose first piece is at hand. */
  public interface DocumentFunction<T> {
    T apply(CleanDocuments document) throws IOException;
  }

  /** What is made of each document, one after the other, as it is asked for. */
  public <T> Iterator<T> each(DocumentFunction<T> function) {
    return new Iterator<>() {
      private boolean atNext;
      private boolean ended;

      @Override
      public boolean hasNext() {
        try {
          atNext = atNext || (!ended && CleanDocuments.this.next());
          ended = !atNext;
          return atNext;
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }

      @Override
      public T next() {
        if (!hasNext()) {
          throw new NoSuchElementException();
        }
        atNext = false;
        try {
          return function.apply(CleanDocuments.this);
        } catch (IOException e) {
          throw new UncheckedIOException(e);
        }
      }
    };
  }

  /** Ends a task whose stage was given up. */
  private void requireWanted() {
    if (task.isInterrupted()) {
      throw new TaskKilledException();
    }
  }

  /** Goes to the document's next piece; false after the last. */
  public boolean nextPiece() throws IOException {
    requireWanted();
    if (!source.nextPiece()) {
      return false;
    }
    bytes = source.bytes();
    from = source.from();
    to = source.to();
    int bad = Utf8Text.firstMalformed(bytes, from, to);
    if (policy == MalformedInput.FAIL && source.isNoText()) {
      throw new InvalidInputException(
          source.where()
              + " is no UTF-8 text: leave it out with --exclude '"
              + new Path(source.where()).getName()
              + "', or convert it");
    }
    if (bad < to) {
      clean(bad);
    } else if (source.isReplaced()) {
      countReplaced();
    }
    return true;
  }

  /** Counts what the source's own reader has put in the place of malformed parts. */
  private void countReplaced() {
    for (int at = from; at + REPLACEMENT.length <= to; at++) {
      if (Arrays.equals(bytes, at, at + REPLACEMENT.length, REPLACEMENT, 0, REPLACEMENT.length)) {
        String place =
            source.where() + ": bytes that are not valid UTF-8, or a U+FFFD, in the text";
        if (policy == MalformedInput.FAIL) {
          throw new InvalidInputException(
              place + ": convert the file to UTF-8, or pass --malformed replace");
        }
        if (malformed++ == 0) {
          firstMalformed = place;
        }
      }
    }
  }

  private void clean(int firstBad) {
    String place =
        String.format(
            "%s: byte 0x%02x at offset %d is not valid UTF-8",
            source.where(), bytes[firstBad] & 0xFF, source.offset(firstBad));
    if (policy == MalformedInput.FAIL) {
      throw new InvalidInputException(place + ": convert it to UTF-8, or pass --malformed replace");
    }
    if (malformed == 0) {
      firstMalformed = place;
    }
    if (cleaned.length < REPLACEMENT.length * (to - from)) {
      cleaned = new byte[Math.multiplyExact(REPLACEMENT.length, to - from)];
    }
    int length = 0;
    int at = from;
    while (at < to) {
      int bad = Utf8Text.firstMalformed(bytes, at, to);
      System.arraycopy(bytes, at, cleaned, length, bad - at);
      length += bad - at;
      at = bad;
      if (bad < to) {
        System.arraycopy(REPLACEMENT, 0, cleaned, length, REPLACEMENT.length);
        length += REPLACEMENT.length;
        at += Utf8Text.malformedBytes(bytes, bad, to);
        malformed++;
      }
    }
    bytes = cleaned;
    from = 0;
    to = length;
  }

  public byte[] bytes() {
    return bytes;
  }

  public int from() {
    return from;
  }

  public int to() {
    return to;
  }

  public boolean begins() {
    return source.begins();
  }

  public boolean ends() {
    return source.ends();
  }

  public String label() {
    return source.label();
  }

  /** The document's number in the unit, among those with text. */
  public int ordinal() {
    return ordinal;
  }

  /**
   * A hash of the document's first {@link Documents#PIECE_BYTES}, equal for equal documents
   * wherever they are; to be asked for at its first piece.
   */
  public long headHash(long seed) {
    return HASH.hash(bytes, from, Math.min(to - from, Documents.PIECE_BYTES), seed);
  }

  /** What was found up to here. */
  public Found found() {
    return new Found(documents, new Skipped(nulls, empties, duplicates), malformed, firstMalformed);
  }

  /**
   * What the reading of a unit found.
   *
   * @param documents those that begin in it
   * @param malformed malformed parts that were replaced
   * @param firstMalformed the first of them; empty if there is none
   */
  public record Found(long documents, Skipped skipped, long malformed, String firstMalformed)
      implements Serializable {

    public static final Found NOTHING = new Found(0, Skipped.NONE, 0, "");
  }
}
