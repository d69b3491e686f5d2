package io.sparkformer.jobs.vocabulary;

import io.sparkformer.datasets.tokenizer.training.PretokenCounts;
import io.sparkformer.jobs.input.CleanDocuments;
import java.io.Serializable;
import java.util.Iterator;
import java.util.List;

/**
 * What is known of a corpus, or of a part of its pre-tokens, before these go to the driver.
 *
 * @param sizesByBits distinct pre-tokens, see {@link PretokenCounts#sizesByBits}
 * @param malformed malformed parts that were replaced
 * @param firstMalformed where the first of them is; empty if there is none
 * @param unitOfFirst its unit
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
record PretokenScan(
    long[] sizesByBits,
    long documents,
    long bytes,
    long malformed,
    String firstMalformed,
    int unitOfFirst)
    implements Serializable {

  static final PretokenScan NOTHING =
      new PretokenScan(new long[Long.SIZE], 0, 0, 0, "", Integer.MAX_VALUE);

  /** Of all units' parts of one number. */
  static PretokenScan of(Iterator<PretokenPart> parts) {
    PretokenCounts sum = new PretokenCounts();
    PretokenScan scan = NOTHING;
    while (parts.hasNext()) {
      PretokenPart part = parts.next();
      sum.addSerialized(part.counts());
      CleanDocuments.Found found = part.found();
      int unit = found.firstMalformed().isEmpty() ? Integer.MAX_VALUE : part.unit();
      scan =
          scan.plus(
              new PretokenScan(
                  NOTHING.sizesByBits(),
                  found.documents(),
                  part.bytes(),
                  found.malformed(),
                  found.firstMalformed(),
                  unit));
    }
    return scan.plus(new PretokenScan(sum.sizesByBits(), 0, 0, 0, "", Integer.MAX_VALUE));
  }

  static PretokenScan merge(List<PretokenScan> parts) {
    return parts.stream().reduce(NOTHING, PretokenScan::plus);
  }

  private PretokenScan plus(PretokenScan other) {
    long[] sizes = sizesByBits.clone();
    for (int bits = 0; bits < sizes.length; bits++) {
      sizes[bits] += other.sizesByBits[bits];
    }
    boolean isOthers = other.unitOfFirst < unitOfFirst;
    return new PretokenScan(
        sizes,
        documents + other.documents,
        bytes + other.bytes,
        malformed + other.malformed,
        isOthers ? other.firstMalformed : firstMalformed,
        Math.min(unitOfFirst, other.unitOfFirst));
  }

  /** Distinct pre-tokens. */
  long distinct() {
    long distinct = 0;
    for (long size : sizesByBits) {
      distinct += size;
    }
    return distinct;
  }

  /**
   * The least power of two such that not too many pre-tokens occur as often as that: a property of
   * the whole corpus, however it was divided.
   */
  long minCount(long maxPretokens) {
    long left = distinct();
    int bits = 1;
    while (left > maxPretokens) {
      left -= sizesByBits[bits];
      bits++;
    }
    return 1L << (bits - 1);
  }
}
