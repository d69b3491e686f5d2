package io.sparkformer.collective;

import java.util.function.BooleanSupplier;

/**
 * How long a rank waits for others.
 *
 * @param seconds that a rank may be late
 * @param cancelled whether the rank's task was told to end
 */
public record PeerTimeout(int seconds, BooleanSupplier cancelled) {

  public PeerTimeout {
    if (seconds < 1) {
      throw new IllegalArgumentException("a deadline of " + seconds + " s");
    }
  }

  /** A wait that begins now. */
  Wait begin() {
    return begin(0);
  }

  /** A wait that begins now and lasts longer, so that who is nearer to a late rank names it. */
  Wait begin(int moreSeconds) {
    return new Wait(this, System.nanoTime(), seconds + moreSeconds);
  }

  /**
   * A wait.
   *
   * @param timeout that it is of
   * @param startedNanos when it began
   * @param seconds that it may last
   */
  record Wait(PeerTimeout timeout, long startedNanos, int seconds) {

    /** Whether it lasted too long. */
    boolean isOver() {
      return elapsedNanos() > seconds * 1_000_000_000L;
    }

    long elapsedNanos() {
      return System.nanoTime() - startedNanos;
    }

    /**
     * Ends the wait of a task that was told to end.
     *
     * @throws PeerFailedException then
     */
    void requireWanted() {
      if (timeout.cancelled.getAsBoolean()) {
        throw new PeerFailedException("the attempt was ended");
      }
    }
  }
}
