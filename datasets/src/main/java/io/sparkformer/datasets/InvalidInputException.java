package io.sparkformer.datasets;

import java.util.Locale;

/**
 * The user's mistake: a wrong option, path, file or value.
 *
 * <p>The message is one line that says what is wrong, with which value, where, and what to do; jobs
 * print it without a stack trace and end with exit code 2.
 */
public final class InvalidInputException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  /** What is quoted of a file must not make a screen of a line. */
  private static final int LONGEST = 2000;

  public InvalidInputException(String message) {
    super(line(message));
  }

  public InvalidInputException(String message, Throwable cause) {
    super(line(message), cause);
  }

  /** Names and values that are quoted may hold line ends, and be as long as they like. */
  private static String line(String message) {
    String text =
        message.length() <= LONGEST
            ? message
            : message.substring(0, LONGEST / 2)
                + " ... "
                + message.substring(message.length() - LONGEST / 2);
    StringBuilder line = new StringBuilder(text.length());
    text.chars()
        .forEach(
            unit -> {
              if (Character.isISOControl(unit)) {
                line.append(String.format(Locale.ROOT, "\\u%04X", unit));
              } else {
                line.append((char) unit);
              }
            });
    return line.toString();
  }

  /**
   * Checks something that the user is responsible for.
   *
   * @param message format string of {@link String#format(Locale, String, Object...)}
   * @throws InvalidInputException if the condition does not hold
   */
  @SuppressWarnings(
      "AnnotateFormatMethod") // The annotation would be the module's only Error Prone dependency.
  public static void require(boolean condition, String message, Object... values) {
    if (!condition) {
      throw new InvalidInputException(String.format(Locale.ROOT, message, values));
    }
  }
}
