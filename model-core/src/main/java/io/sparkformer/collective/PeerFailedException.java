package io.sparkformer.collective;

/** Another rank is lost, late, or has failed: the attempt is over for all. */
public final class PeerFailedException extends RuntimeException {

  private static final long serialVersionUID = 1L;

  PeerFailedException(String message) {
    super(message);
  }
}
