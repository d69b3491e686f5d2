package io.sparkformer.jobs.picture;

import java.util.Locale;
import java.util.function.IntPredicate;

/** Tokens as they are shown: spaces and line ends have marks, what cannot be shown its code. */
public final class VisibleText {

  private static final int SPACE = '␣';
  private static final int LINE_END = '⏎';
  private static final int TAB = '⇥';

  private final IntPredicate displayable;

  private VisibleText(IntPredicate displayable) {
    this.displayable = displayable;
  }

  /** For a font that has glyphs for these code points. */
  static VisibleText of(IntPredicate displayable) {
    return new VisibleText(displayable);
  }

  /** For readers whose fonts have a glyph for everything. */
  public static VisibleText everywhere() {
    return new VisibleText(codePoint -> true);
  }

  public String of(String token) {
    StringBuilder shown = new StringBuilder();
    token.codePoints().forEach(codePoint -> shown.append(of(codePoint)));
    return shown.toString();
  }

  private String of(int codePoint) {
    return switch (codePoint) {
      case ' ' -> either(SPACE, "\u00b7");
      case '\n' -> either(LINE_END, "\\n");
      case '\t' -> either(TAB, "\\t");
      case '\r' -> "\\r";
      default ->
          isPrintable(codePoint) && displayable.test(codePoint)
              ? Character.toString(codePoint)
              : String.format(Locale.ROOT, "U+%04X", codePoint);
    };
  }

  private String either(int mark, String otherwise) {
    return displayable.test(mark) ? Character.toString(mark) : otherwise;
  }

  private static boolean isPrintable(int codePoint) {
    return switch (Character.getType(codePoint)) {
      case Character.CONTROL,
          Character.FORMAT,
          Character.SURROGATE,
          Character.PRIVATE_USE,
          Character.UNASSIGNED,
          Character.LINE_SEPARATOR,
          Character.PARAGRAPH_SEPARATOR,
          Character.SPACE_SEPARATOR ->
          false;
      default -> true;
    };
  }

  /**
   * As {@link #of(String)}, no longer than this.
   *
   * @param codePoints at least 1
   */
  public String shortened(String token, int codePoints) {
    String shown = of(token);
    if (shown.codePointCount(0, shown.length()) <= codePoints) {
      return shown;
    }
    return shown.substring(0, shown.offsetByCodePoints(0, codePoints - 1)) + "…";
  }
}
