package io.sparkformer.jobs.dataset;

/** Any text as one line of visible characters. */
final class OneLine {

  private OneLine() {}

  /** Escapes control characters and line ends, and the backslash, as Java does. */
  static String of(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints().forEach(c -> append(c, line));
    return line.toString();
  }

  private static void append(int codePoint, StringBuilder line) {
    switch (codePoint) {
      case '\n' -> line.append("\\n");
      case '\r' -> line.append("\\r");
      case '\t' -> line.append("\\t");
      case '\\' -> line.append("\\\\");
      default -> {
        int type = Character.getType(codePoint);
        if (type == Character.CONTROL
            || type == Character.LINE_SEPARATOR
            || type == Character.PARAGRAPH_SEPARATOR) {
          line.append("\\u%04x".formatted(codePoint));
        } else {
          line.appendCodePoint(codePoint);
        }
      }
    }
  }
}
