package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.text.Utf8Text;
import io.sparkformer.jobs.input.CleanDocuments;
import io.sparkformer.jobs.input.Documents;
import io.sparkformer.jobs.input.KeptDocuments;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.input.UnitTask;
import java.io.IOException;
import java.io.Serializable;
import java.util.BitSet;
import java.util.TreeSet;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What must be known of a unit before any is tokenized.
 *
 * @param characters characters of its documents
 * @param codePoints those that occur, if they are asked for
 * @param labels those that occur
 */
record UnitScan(long characters, BitSet codePoints, TreeSet<String> labels)
    implements Serializable {

  /** Whether code points are of interest: collecting them takes longer than all else. */
  enum CodePoints {
    COLLECTED,
    IGNORED
  }

  /**
   * Reads a unit.
   *
   * @param kept where the documents to keep are listed; empty for all
   */
  record Task(
      CodePoints codePoints,
      MalformedInput malformed,
      String kept,
      Broadcast<SerializableConfiguration> configuration)
      implements UnitTask<UnitScan> {

    @Override
    public UnitScan run(int unit, Documents documents) throws IOException {
      CleanDocuments clean =
          CleanDocuments.of(
              documents, malformed, KeptDocuments.of(kept, unit, configuration.value().value()));
      long characters = 0;
      Seen seen = new Seen();
      TreeSet<String> labels = new TreeSet<>();
      while (clean.next()) {
        labels.add(clean.label());
        do {
          characters += Utf8Text.characters(clean.bytes(), clean.from(), clean.to());
          if (codePoints == CodePoints.COLLECTED) {
            seen.add(clean.bytes(), clean.from(), clean.to());
          }
        } while (clean.nextPiece());
      }
      return new UnitScan(characters, seen.codePoints(), labels);
    }
  }

  /** Code points that occurred. */
  private static final class Seen {
    private static final int ASCII = 128;

    private final boolean[] ascii = new boolean[ASCII];
    private final BitSet others = new BitSet();

    void add(byte[] utf8, int from, int to) {
      int at = from;
      while (at < to) {
        byte b = utf8[at];
        if (b >= 0) {
          ascii[b] = true;
          at++;
        } else {
          int length = b < (byte) 0xE0 ? 2 : b < (byte) 0xF0 ? 3 : 4;
          int codePoint = b & (0x7F >> length);
          for (int i = 1; i < length; i++) {
            codePoint = codePoint << 6 | (utf8[at + i] & 0x3F);
          }
          others.set(codePoint);
          at += length;
        }
      }
    }

    BitSet codePoints() {
      BitSet all = (BitSet) others.clone();
      for (int c = 0; c < ASCII; c++) {
        if (ascii[c]) {
          all.set(c);
        }
      }
      return all;
    }
  }
}
