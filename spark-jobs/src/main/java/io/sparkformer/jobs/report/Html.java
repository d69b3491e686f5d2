package io.sparkformer.jobs.report;

import java.util.Base64;

/** A page under construction: HTML that an XML parser reads as well. */
final class Html {

  private final StringBuilder page = new StringBuilder();

  /**
   * Opens an element.
   *
   * @param attributes names and values in turn
   */
  Html open(String tag, String... attributes) {
    page.append('<').append(tag);
    for (int i = 0; i < attributes.length; i += 2) {
      page.append(' ').append(attributes[i]).append("=\"");
      escape(attributes[i + 1]);
      page.append('"');
    }
    page.append('>');
    return this;
  }

  /** An element that has no content, and in HTML no end. */
  Html lone(String tag, String... attributes) {
    open(tag, attributes);
    page.insert(page.length() - 1, '/');
    page.append('\n');
    return this;
  }

  Html close(String tag) {
    page.append("</").append(tag).append(">\n");
    return this;
  }

  /** Anybody's text. */
  Html text(String text) {
    escape(text);
    return this;
  }

  /** An element of nothing but text. */
  Html element(String tag, String text, String... attributes) {
    return open(tag, attributes).text(text).close(tag);
  }

  /** Style sheets, which browsers do not unescape. */
  Html style(String css) {
    page.append("<style>\n").append(css).append("</style>\n");
    return this;
  }

  /** A picture within the page. */
  Html picture(byte[] png, String alternative) {
    page.append("<img src=\"data:image/png;base64,")
        .append(Base64.getEncoder().encodeToString(png))
        .append("\" alt=\"");
    escape(alternative);
    page.append("\"/>\n");
    return this;
  }

  /** Characters so far; a picture takes four for three bytes. */
  int length() {
    return page.length();
  }

  private void escape(String text) {
    text.codePoints()
        .forEach(
            codePoint -> {
              switch (codePoint) {
                case '&' -> page.append("&amp;");
                case '<' -> page.append("&lt;");
                case '>' -> page.append("&gt;");
                case '"' -> page.append("&quot;");
                case '\'' -> page.append("&#39;");
                default -> page.appendCodePoint(isLegal(codePoint) ? codePoint : '\ufffd');
              }
            });
  }

  /** Whether XML 1.0 has the character, section 2.2. */
  private static boolean isLegal(int codePoint) {
    return codePoint == '\t'
        || codePoint == '\n'
        || (codePoint >= 0x20 && codePoint < 0x7f)
        || (codePoint >= 0xa0 && codePoint < Character.MIN_SURROGATE)
        || (codePoint > Character.MAX_SURROGATE && codePoint < 0xfffe)
        || codePoint >= Character.MIN_SUPPLEMENTARY_CODE_POINT;
  }

  @Override
  public String toString() {
    return page.toString();
  }
}
