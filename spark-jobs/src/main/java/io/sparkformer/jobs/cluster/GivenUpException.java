package io.sparkformer.jobs.cluster;

/** A job failed as often as it may; the message is all that its user needs. */
public final class GivenUpException extends Exception {

  private static final long serialVersionUID = 1L;

  public GivenUpException(String message, Throwable cause) {
    super(message, cause);
  }
}
