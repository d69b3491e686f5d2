package io.sparkformer.datasets.pretokenizer;

/**
 * The classes of characters that pre-tokenizers tell apart, as HuggingFace's library has them.
 *
 * <p>A class is a sum of flags; 0 is any other character, and a byte that is not UTF-8.
 */
public final class CharacterClasses {

  /** {@code \s}: White_Space. */
  public static final int WHITE = 1;

  /** {@code \p{N}}. */
  static final int NUMBER = 2;

  /** {@code \p{L}}. */
  static final int LETTER = 4;

  /** {@code [\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]}: what o200k's words can begin with. */
  static final int UPPER = 8;

  /** {@code [\p{Ll}\p{Lm}\p{Lo}\p{M}]}: what o200k's words can end with. */
  static final int LOWER = 16;

  /** {@code [\r\n]}. */
  static final int LINE_END = 32;

  /** Marks, in the table of bytes, those that begin or continue a longer character. */
  static final int BEYOND_ASCII = 64;

  /** What {@link #beyondAscii} shifts a character's length by. */
  static final int LENGTH_SHIFT = 8;

  /** Classes of ASCII characters, {@link #BEYOND_ASCII} for other bytes. */
  static final byte[] OF_BYTE = new byte[256];

  /** Above, there are only unassigned and private characters, and marks at E0100 to E01EF. */
  private static final int LAST_ASSIGNED = 0x323AF;

  private static final int FIRST_SELECTOR = 0xE0100;
  private static final int LAST_SELECTOR = 0xE01EF;
  private static final int MALFORMED = 1 << LENGTH_SHIFT;

  private static final byte[] CLASSES = new byte[LAST_ASSIGNED + 1];

  static {
    for (int codePoint = 0; codePoint <= LAST_ASSIGNED; codePoint++) {
      CLASSES[codePoint] = (byte) Character.getType(codePoint);
    }
    UnicodeAdditions.into(CLASSES);
    for (int codePoint = 0; codePoint <= LAST_ASSIGNED; codePoint++) {
      CLASSES[codePoint] = ofCategory(codePoint, CLASSES[codePoint]);
    }
    for (int b = 0; b < OF_BYTE.length; b++) {
      OF_BYTE[b] = b < 0x80 ? CLASSES[b] : BEYOND_ASCII;
    }
  }

  private CharacterClasses() {}

  public static int of(int codePoint) {
    if (codePoint <= LAST_ASSIGNED) {
      return CLASSES[codePoint];
    }
    return codePoint >= FIRST_SELECTOR && codePoint <= LAST_SELECTOR ? UPPER | LOWER : 0;
  }

  /**
   * The class of the character at {@code at}, plus its length in bytes shifted by {@value
   * #LENGTH_SHIFT}.
   *
   * @param to the text's end, above {@code at}
   */
  public static int at(byte[] utf8, int at, int to) {
    byte first = utf8[at];
    return first >= 0 ? OF_BYTE[first] | MALFORMED : beyondAscii(utf8, at, to);
  }

  /** As {@link #at}, of a byte beyond ASCII; a byte that is not UTF-8 is a character itself. */
  static int beyondAscii(byte[] utf8, int at, int to) {
    int first = utf8[at];
    if (first < (byte) 0xE0) {
      return ofTwoBytes(utf8, at, to);
    }
    return first < (byte) 0xF0 ? ofThreeBytes(utf8, at, to) : ofFourBytes(utf8, at, to);
  }

  private static int ofTwoBytes(byte[] utf8, int at, int to) {
    if (utf8[at] < (byte) 0xC2 || at + 1 >= to || utf8[at + 1] >= (byte) 0xC0) {
      return MALFORMED;
    }
    return CLASSES[(utf8[at] & 0x1F) << 6 | (utf8[at + 1] & 0x3F)] | 2 << LENGTH_SHIFT;
  }

  private static int ofThreeBytes(byte[] utf8, int at, int to) {
    if (at + 2 >= to || utf8[at + 1] >= (byte) 0xC0 || utf8[at + 2] >= (byte) 0xC0) {
      return MALFORMED;
    }
    int codePoint = (utf8[at] & 0x0F) << 12 | (utf8[at + 1] & 0x3F) << 6 | (utf8[at + 2] & 0x3F);
    boolean wellFormed =
        codePoint >= 0x800
            && (codePoint < Character.MIN_SURROGATE || codePoint > Character.MAX_SURROGATE);
    return wellFormed ? CLASSES[codePoint] | 3 << LENGTH_SHIFT : MALFORMED;
  }

  private static int ofFourBytes(byte[] utf8, int at, int to) {
    if (at + 3 >= to
        || utf8[at + 1] >= (byte) 0xC0
        || utf8[at + 2] >= (byte) 0xC0
        || utf8[at + 3] >= (byte) 0xC0) {
      return MALFORMED;
    }
    int codePoint =
        (utf8[at] & 0x0F) << 18
            | (utf8[at + 1] & 0x3F) << 12
            | (utf8[at + 2] & 0x3F) << 6
            | (utf8[at + 3] & 0x3F);
    boolean wellFormed =
        codePoint >= Character.MIN_SUPPLEMENTARY_CODE_POINT
            && codePoint <= Character.MAX_CODE_POINT;
    return wellFormed ? of(codePoint) | 4 << LENGTH_SHIFT : MALFORMED;
  }

  private static byte ofCategory(int codePoint, byte category) {
    int flags =
        switch (category) {
          case Character.UPPERCASE_LETTER, Character.TITLECASE_LETTER -> LETTER | UPPER;
          case Character.LOWERCASE_LETTER -> LETTER | LOWER;
          case Character.MODIFIER_LETTER, Character.OTHER_LETTER -> LETTER | UPPER | LOWER;
          case Character.NON_SPACING_MARK,
              Character.ENCLOSING_MARK,
              Character.COMBINING_SPACING_MARK ->
              UPPER | LOWER;
          case Character.DECIMAL_DIGIT_NUMBER, Character.LETTER_NUMBER, Character.OTHER_NUMBER ->
              NUMBER;
          case Character.SPACE_SEPARATOR, Character.LINE_SEPARATOR, Character.PARAGRAPH_SEPARATOR ->
              WHITE;
          default -> isWhiteControl(codePoint) ? WHITE : 0;
        };
    return (byte) (codePoint == '\r' || codePoint == '\n' ? flags | LINE_END : flags);
  }

  private static boolean isWhiteControl(int codePoint) {
    return (codePoint >= '\t' && codePoint <= '\r') || codePoint == 0x85;
  }
}
