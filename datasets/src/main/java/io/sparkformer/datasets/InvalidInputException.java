package io.sparkformer.datasets;

/** What the user gave cannot be used; the message says what, why, and what to do about it. */
public final class InvalidInputException extends RuntimeException {
  public InvalidInputException(String message) {
    super(message);
  }
}
