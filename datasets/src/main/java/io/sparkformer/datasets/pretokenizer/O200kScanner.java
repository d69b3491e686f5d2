package io.sparkformer.datasets.pretokenizer;

import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LENGTH_SHIFT;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LETTER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LINE_END;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LOWER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.NUMBER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.UPPER;

/** {@link Pretokenizer#O200K}. */
final class O200kScanner {

  private static final int DIGITS = 3;
  private static final int NONE = -1;

  private O200kScanner() {}

  static int end(byte[] utf8, int from, int to) {
    int flags = CharacterClasses.at(utf8, from, to);
    if ((flags & NUMBER) != 0) {
      return Runs.numbers(utf8, from, to, DIGITS);
    }
    int next = from + (flags >> LENGTH_SHIFT);
    int word = word(utf8, from, next, to, flags);
    if (word != NONE) {
      return word + Runs.contraction(utf8, word, to);
    }
    int symbols = utf8[from] == ' ' ? next : from;
    int end = Runs.symbols(utf8, symbols, to);
    if (end > symbols) {
      return lineEnds(utf8, end, to);
    }
    return Runs.lines(utf8, from, to);
  }

  /** What the first two alternatives match, short of the contraction; each with a prefix first. */
  private static int word(byte[] utf8, int from, int next, int to, int flags) {
    boolean canPrefix = (flags & (LETTER | LINE_END)) == 0;
    boolean canBegin = (flags & (UPPER | LOWER)) != 0;
    int end = NONE;
    if (canPrefix) {
      end = endingInLower(utf8, next, to);
    }
    if (end == NONE && canBegin) {
      end = endingInLower(utf8, from, to);
    }
    if (end == NONE && canPrefix) {
      end = beginningInUpper(utf8, next, to);
    }
    if (end == NONE && canBegin) {
      end = beginningInUpper(utf8, from, to);
    }
    return end;
  }

  /**
   * {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+}: without a lower-case letter
   * behind the first run, the match ends with the run's last character that can be both.
   */
  private static int endingInLower(byte[] utf8, int from, int to) {
    int both = NONE;
    int at = from;
    while (at < to) {
      int flags = CharacterClasses.at(utf8, at, to);
      if ((flags & UPPER) == 0) {
        return (flags & LOWER) != 0 ? Runs.withFlag(utf8, at, to, LOWER) : both;
      }
      at += flags >> LENGTH_SHIFT;
      if ((flags & LOWER) != 0) {
        both = at;
      }
    }
    return both;
  }

  /**
   * {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*}, where {@link
   * #endingInLower} matches nothing, so that no lower-case letter comes behind the run.
   */
  private static int beginningInUpper(byte[] utf8, int from, int to) {
    int end = Runs.withFlag(utf8, from, to, UPPER);
    return end > from ? end : NONE;
  }

  private static int lineEnds(byte[] utf8, int from, int to) {
    int at = from;
    while (at < to && (utf8[at] == '\r' || utf8[at] == '\n' || utf8[at] == '/')) {
      at++;
    }
    return at;
  }
}
