package io.sparkformer.collective;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * Where the ranks of one host wait for each other: a counter of phases for each, in shared memory.
 */
final class Barrier {

  private static final VarHandle LONG =
      MethodHandles.byteBufferViewVarHandle(long[].class, ByteOrder.nativeOrder());

  /** Two cache lines: neighbours are fetched together. */
  private static final int COUNTER_BYTES = 128;

  private static final long SPIN_NANOS = 30_000;
  private static final long PARK_NANOS = 20_000;
  private static final long LONGEST_PARK_NANOS = 1_000_000;

  /** Late by this part of the wait at most, and nearly idle in a long one. */
  private static final int PARKS_OF_A_WAIT = 16;

  private static final long CHECK_NANOS = 10_000_000;

  private final ByteBuffer counters;
  private final List<String> names;
  private final int self;
  private final Collection<PeerConnection> peers;
  private final PeerTimeout timeout;
  private long phase;

  /**
   * @param counters zeros of {@link #bytes} bytes, the same memory in each rank
   * @param names of the ranks, for messages
   * @param self which of them this is
   * @param peers whose end ends the wait
   */
  Barrier(
      ByteBuffer counters,
      List<String> names,
      int self,
      Collection<PeerConnection> peers,
      PeerTimeout timeout) {
    this.counters = counters;
    this.names = names;
    this.self = self;
    this.peers = peers;
    this.timeout = timeout;
  }

  static long bytes(int ranks) {
    return (long) ranks * COUNTER_BYTES;
  }

  /**
   * Waits until all are here; what each wrote to shared memory before is then visible to all.
   *
   * @param moreSeconds that this wait may last beyond the timeout for a late rank
   */
  void await(int moreSeconds) {
    phase++;
    LONG.setRelease(counters, self * COUNTER_BYTES, phase);
    PeerTimeout.Wait wait = timeout.begin(moreSeconds);
    long checked = 0;
    for (int rank = 0; rank < names.size(); ) {
      if ((long) LONG.getAcquire(counters, rank * COUNTER_BYTES) >= phase) {
        rank++;
        continue;
      }
      long elapsed = wait.elapsedNanos();
      if (elapsed < SPIN_NANOS) {
        Thread.onSpinWait();
        continue;
      }
      if (elapsed - checked > CHECK_NANOS) {
        checked = elapsed;
        check(wait, rank);
      }
      LockSupport.parkNanos(
          Math.max(PARK_NANOS, Math.min(elapsed / PARKS_OF_A_WAIT, LONGEST_PARK_NANOS)));
    }
  }

  private void check(PeerTimeout.Wait wait, int late) {
    wait.requireWanted();
    try {
      peers.forEach(PeerConnection::requireAlive);
    } catch (PeerFailedException e) {
      if (!allCame()) { // else it left after its last wait
        throw e;
      }
    }
    if (wait.isOver()) {
      throw new PeerFailedException(
          String.format(
              "%s is late: it did not come within %d s, so it hangs or its host is overloaded",
              names.get(late), wait.seconds()));
    }
  }

  private boolean allCame() {
    for (int rank = 0; rank < names.size(); rank++) {
      if ((long) LONG.getAcquire(counters, rank * COUNTER_BYTES) < phase) {
        return false;
      }
    }
    return true;
  }
}
