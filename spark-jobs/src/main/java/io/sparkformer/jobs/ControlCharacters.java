package io.sparkformer.jobs;

import java.io.FilterWriter;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;

/**
 * Characters that a terminal obeys: escapes, which move the cursor, change the title or answer as
 * if the user had typed, and those that turn the order of text around. Models write them, and names
 * of files and labels have them. They are shown as JSON writes them, which keeps JSON what it is.
 */
final class ControlCharacters {

  private static final Path STANDARD_OUTPUT = Path.of("/proc/self/fd/1");

  private ControlCharacters() {}

  /** A text with these characters shown; line feeds and tabs stay. */
  static String shown(String text) {
    StringBuilder shown = new StringBuilder(text.length());
    for (int i = 0; i < text.length(); i++) {
      append(text.charAt(i), shown);
    }
    return shown.toString();
  }

  private static void append(char c, StringBuilder to) {
    if (c == '\r') {
      to.append("\\r");
    } else if (isObeyed(c)) {
      to.append(String.format(Locale.ROOT, "\\u%04X", (int) c));
    } else {
      to.append(c);
    }
  }

  private static boolean isObeyed(char c) {
    return (Character.isISOControl(c) && c != '\n' && c != '\t')
        || (c >= '\u202a' && c <= '\u202e') // embeddings and overrides of direction
        || (c >= '\u2066' && c <= '\u2069') // isolates
        || c == '\u2028'
        || c == '\u2029';
  }

  /** What shows them in all that is written to it. */
  static Writer showing(Writer to) {
    return new FilterWriter(to) {
      @Override
      public void write(int c) throws IOException {
        out.write(shown(String.valueOf((char) c)));
      }

      @Override
      public void write(char[] characters, int offset, int length) throws IOException {
        out.write(shown(String.valueOf(characters, offset, length)));
      }

      @Override
      public void write(String text, int offset, int length) throws IOException {
        out.write(shown(text.substring(offset, offset + length)));
      }
    };
  }

  /** Whether this process's standard output is read by a terminal, and not by another program. */
  @SuppressWarnings(
      "SystemConsoleNull") // Java 17 is the only one that Spark 3.5 and the build take.
  static boolean isStandardOutputATerminal() {
    if (System.console() != null) {
      return true;
    }
    try { // of a pipeline's last command, where Java sees no console
      String device = Files.readSymbolicLink(STANDARD_OUTPUT).toString();
      return device.startsWith("/dev/pts/") || device.startsWith("/dev/tty");
    } catch (IOException | UnsupportedOperationException e) {
      return false; // no Linux
    }
  }
}
