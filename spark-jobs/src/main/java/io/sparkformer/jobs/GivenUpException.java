package io.sparkformer.jobs;

/** A job failed as often as it may; the message is all that its user needs. */
final class GivenUpException extends Exception {

  private static final long serialVersionUID = 1L;

  GivenUpException(String message, Throwable cause) {
    super(message, cause);
  }
}
