package io.sparkformer.datasets.tokenizer;

/**
 * Places where a text can be cut in two and each part be tokenized by itself, with the same tokens
 * as the whole.
 *
 * <p>Byte-level pre-tokenizers (GPT-2's and its successors') begin a new pre-token, whatever comes
 * before and after, at a space between two ASCII letters, and after a line feed that is followed by
 * something other than white space or a slash.
 */
public final class SafeCuts {

  private SafeCuts() {}

  /**
   * The first place after {@code from} that is safe to cut at.
   *
   * @return its index, such that the bytes before it and those from it on are the parts; -1 if
   *     there is none that the bytes up to {@code to} show
   */
  public static int first(byte[] utf8, int from, int to) {
    for (int at = from + 1; at + 1 < to; at++) {
      if (isSafe(utf8, at)) {
        return at;
      }
    }
    return -1;
  }

  /** The last place that is safe to cut at, after {@code from}; -1 if there is none. */
  public static int last(byte[] utf8, int from, int to) {
    for (int at = to - 2; at > from; at--) {
      if (isSafe(utf8, at)) {
        return at;
      }
    }
    return -1;
  }

  private static boolean isSafe(byte[] utf8, int at) {
    byte before = utf8[at - 1];
    byte here = utf8[at];
    if (before == '\n') {
      // o200k's takes a slash that follows the line feeds behind punctuation to these.
      return here < 0 ? !mayLeadWhiteSpace(here) : here > ' ' && here != '/';
    }
    return here == ' ' && isLetter(before) && isLetter(utf8[at + 1]);
  }

  private static boolean isLetter(byte b) {
    int lower = b | 0x20;
    return lower >= 'a' && lower <= 'z';
  }

  /** Whether white space beyond ASCII begins with the byte; continuation bytes never begin one. */
  private static boolean mayLeadWhiteSpace(byte b) {
    int lead = b & 0xFF;
    return lead < 0xC3 || lead == 0xE1 || lead == 0xE2 || lead == 0xE3;
  }
}
