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

  public InvalidInputException(String message) {
    super(message);
  }

  public InvalidInputException(String message, Throwable cause) {
    super(message, cause);
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
