package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.tokens.SplitName;
import java.io.Serializable;
import java.util.HashMap;
import java.util.Map;

/** Which documents are for validation. */
sealed interface SplitRule extends Serializable {

  /**
   * The end of the corpus.
   *
   * @param unit the unit in which validation begins
   * @param characters the unit's characters before that
   * @param cut where a document may be cut for that
   */
  record Tail(int unit, long characters, Cut cut) implements SplitRule {

    /** The characters of a unit that are for training; larger than it is if all are. */
    long trainCharacters(int ofUnit) {
      return ofUnit < unit ? Long.MAX_VALUE : ofUnit == unit ? characters : 0;
    }
  }

  /** Where a document may be cut in two, one part of each split. */
  enum Cut {
    ANYWHERE,
    NOWHERE
  }

  /**
   * A share of the documents that their text alone decides, so that equal ones are in one split.
   *
   * @param seed of the hash
   */
  record Hash(double validFraction, long seed) implements SplitRule {

    SplitName split(long hash) {
      return (hash >>> 11) * 0x1p-53 < validFraction ? SplitName.VALID : SplitName.TRAIN;
    }
  }

  /**
   * The same share of the documents of every label.
   *
   * @param seed of the hash
   * @param bounds by label: documents whose hash is below are for validation
   */
  record Stratified(long seed, HashMap<String, Long> bounds) implements SplitRule {

    static Stratified of(long seed, Map<String, Long> bounds) {
      return new Stratified(seed, new HashMap<>(bounds));
    }

    SplitName split(String label, long hash) {
      return hash < bounds.getOrDefault(label, Long.MIN_VALUE) ? SplitName.VALID : SplitName.TRAIN;
    }
  }
}
