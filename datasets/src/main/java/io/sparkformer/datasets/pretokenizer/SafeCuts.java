package io.sparkformer.datasets.pretokenizer;

import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LENGTH_SHIFT;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LETTER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LINE_END;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.NUMBER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.WHITE;

/**
 * Places where a text can be cut in two and each part be tokenized by itself, with the same tokens
 * as the whole.
 *
 * <p>Byte-level pre-tokenizers (GPT-2's and its successors') begin a new pre-token, whatever comes
 * before and after,
 *
 * <ul>
 *   <li>at white space behind a letter or a number, and at white space other than a carriage return
 *       or a line feed behind any character that is not white space;
 *   <li>after a single line feed: one with neither white space before it nor white space or a slash
 *       after it. (GPT-2's would make one pre-token of more white space at the text's end, of which
 *       it leaves the last character alone otherwise.)
 * </ul>
 */
public final class SafeCuts {

  /** How many bytes before a place decide whether it is safe, at most. */
  public static final int LOOK_BACK = 8;

  /** How many bytes from a place on decide whether it is safe, at most. */
  public static final int LOOK_AHEAD = 4;

  private static final int MAX_CHARACTER = 4;
  private static final byte FIRST_LEAD = (byte) 0xC0;

  private SafeCuts() {}

  /**
   * The first place at or after {@code at} that is safe to cut at.
   *
   * @param from what is before is not looked at; {@link #LOOK_BACK} before {@code at} are enough
   * @param at above {@code from}
   * @param to what is at or behind it is not looked at; places are told that have {@link
   *     #LOOK_AHEAD} before it
   * @return its index, such that the bytes before it and those from it on are the parts; -1 if
   *     there is none
   */
  public static int first(byte[] utf8, int from, int at, int to) {
    for (int place = at; place + LOOK_AHEAD <= to; place++) {
      if (isSafe(utf8, from, place, to)) {
        return place;
      }
    }
    return -1;
  }

  /** The last place that is safe to cut at, after {@code from}; -1 if there is none. */
  public static int last(byte[] utf8, int from, int to) {
    for (int at = to - LOOK_AHEAD; at > from; at--) {
      if (isSafe(utf8, from, at, to)) {
        return at;
      }
    }
    return -1;
  }

  /** Whether {@code at}, between the others, is safe to cut at by what is between them. */
  public static boolean isSafe(byte[] utf8, int from, int at, int to) {
    byte first = utf8[at];
    if (utf8[at - 1] == '\n') {
      int here = CharacterClasses.at(utf8, at, to);
      return first != '/'
          && (here & WHITE) == 0
          && isWhole(here, first)
          && (before(utf8, from, at - 1) & WHITE) == 0;
    }
    if (first > ' ') {
      return false;
    }
    int here = CharacterClasses.at(utf8, at, to);
    if ((here & WHITE) == 0) {
      return false;
    }
    int before = before(utf8, from, at);
    return (here & LINE_END) == 0 ? (before & WHITE) == 0 : (before & (LETTER | NUMBER)) != 0;
  }

  /** The class of the character that ends at {@code to}; white space if it cannot be told. */
  private static int before(byte[] utf8, int from, int to) {
    int at = to - 1;
    while (at > from && at > to - MAX_CHARACTER && utf8[at] < FIRST_LEAD) {
      at--;
    }
    if (at < from) {
      return WHITE;
    }
    int flags = CharacterClasses.at(utf8, at, to);
    boolean endsThere = at + (flags >> LENGTH_SHIFT) == to;
    return endsThere && isWhole(flags, utf8[at]) ? flags : WHITE;
  }

  /** Whether a character is none of the bytes that are not UTF-8, or not yet. */
  private static boolean isWhole(int flags, byte first) {
    return first >= 0 || flags >> LENGTH_SHIFT > 1;
  }
}
