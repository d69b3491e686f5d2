package io.sparkformer.jobs.vocabulary;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.training.PretokenCounter;
import io.sparkformer.datasets.tokenizer.training.PretokenCounts;
import io.sparkformer.jobs.input.CleanDocuments;
import io.sparkformer.jobs.input.Documents;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.input.UnitTask;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import scala.Tuple2;

/**
 * A part of a unit's pre-tokens, by hash, with their counts.
 *
 * @param counts as {@link PretokenCounts#toParts} gives them
 * @param bytes of the unit's text; 0 but in its first part
 * @param found in the unit; nothing but in its first part
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
record PretokenPart(int unit, byte[] counts, long bytes, CleanDocuments.Found found)
    implements Serializable {

  /**
   * Counts the pre-tokens of a unit; holds the distinct ones.
   *
   * @param parts how many there are of every unit
   */
  record Task(Pretokenizer pretokenizer, MalformedInput malformed, int parts)
      implements UnitTask<List<PretokenPart>> {

    @Override
    public List<PretokenPart> run(int unit, Documents documents) throws IOException {
      CleanDocuments clean = CleanDocuments.all(documents, malformed);
      PretokenCounter counter = new PretokenCounter(pretokenizer);
      long bytes = 0;
      while (clean.next()) {
        do {
          counter.append(clean.bytes(), clean.from(), clean.to());
          bytes += clean.to() - clean.from();
        } while (clean.nextPiece());
        // Parts of a document that is in several units are cut where that is safe.
        counter.endDocument();
      }
      List<PretokenPart> result = new ArrayList<>(parts);
      for (byte[] counts : counter.counts().toParts(parts)) {
        boolean first = result.isEmpty();
        result.add(
            new PretokenPart(
                unit,
                counts,
                first ? bytes : 0,
                first ? clean.found() : CleanDocuments.Found.NOTHING));
      }
      return result;
    }
  }

  /** The parts with the numbers by which they are put together. */
  static Iterator<Tuple2<Integer, PretokenPart>> numbered(List<PretokenPart> ofUnit) {
    List<Tuple2<Integer, PretokenPart>> numbered = new ArrayList<>();
    for (PretokenPart part : ofUnit) {
      numbered.add(new Tuple2<>(numbered.size(), part));
    }
    return numbered.iterator();
  }

  /** The counts of all units' parts of one number. */
  static PretokenCounts sum(Iterator<PretokenPart> parts) {
    PretokenCounts sum = new PretokenCounts();
    parts.forEachRemaining(part -> sum.addSerialized(part.counts()));
    return sum;
  }
}
