package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.jobs.tokenize.SplitRule.Cut;
import io.sparkformer.jobs.tokenize.SplitRule.Tail;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.TreeSet;

/**
 * What a pass over the corpus finds.
 *
 * @param characters of each unit
 * @param vocabulary the code points that occur, sorted; none if they were not asked for
 * @param labels the labels that occur, in {@link LabelOrder}
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
record CorpusScan(long[] characters, int[] vocabulary, List<String> labels) {

  /** Whether the job must know this before it tokenizes. */
  static boolean isNeeded(TokenizeOptions options) {
    return options.isCharacterLevel()
        || options.input().labelColumn().isPresent()
        || (options.split() == SplitMethod.TAIL && options.validFraction() > 0);
  }

  static CorpusScan merge(List<UnitScan> units) {
    long[] characters = new long[units.size()];
    BitSet codePoints = new BitSet();
    TreeSet<String> labels = new TreeSet<>(LabelOrder.COMPARATOR);
    for (int unit = 0; unit < characters.length; unit++) {
      characters[unit] = units.get(unit).characters();
      codePoints.or(units.get(unit).codePoints());
      labels.addAll(units.get(unit).labels());
    }
    require(
        Arrays.stream(characters).anyMatch(count -> count > 0),
        "the corpus has no text: every document of --input is empty or null, give some with text");
    return new CorpusScan(characters, codePoints.stream().toArray(), new ArrayList<>(labels));
  }

  /** The rule by which a share of the characters, at the end, is for validation. */
  Tail tail(double validFraction, Cut cut) {
    long all = 0;
    for (long ofUnit : characters) {
      all = Math.addExact(all, ofUnit);
    }
    long left = trainCharacters(all, validFraction);
    int unit = 0;
    while (unit < characters.length && left >= characters[unit]) {
      left -= characters[unit++];
    }
    return new Tail(unit, left, cut);
  }

  /**
   * The number of training characters: the floor of all x (1 - validFraction), in decimal as the
   * fraction was written.
   */
  static long trainCharacters(long characters, double validFraction) {
    return BigDecimal.ONE
        .subtract(BigDecimal.valueOf(validFraction))
        .multiply(BigDecimal.valueOf(characters))
        .setScale(0, RoundingMode.FLOOR)
        .longValueExact();
  }
}
