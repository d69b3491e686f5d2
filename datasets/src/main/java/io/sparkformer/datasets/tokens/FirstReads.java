package io.sparkformer.datasets.tokens;

import java.util.concurrent.atomic.AtomicLongArray;
import java.util.stream.Stream;

/** Which blocks of a file were read in this JVM; safe for many threads. */
final class FirstReads {

  private static final Object[] LOCKS =
      Stream.generate(Object::new).limit(1 << 8).toArray(Object[]::new);

  private final AtomicLongArray seen;

  /** For a file of so many bytes, of which none was read. */
  FirstReads(long bytes) {
    this.seen = new AtomicLongArray((int) ((BlockSums.blocks(bytes) + Long.SIZE - 1) / Long.SIZE));
  }

  /** What a block's first read needs; done again if it fails. */
  interface Action {
    void on(int block);
  }

  /** Does what the first read of a block needs, unless it was done; others wait until it is. */
  void first(int block, Action action) {
    if (isSeen(block)) {
      return;
    }
    synchronized (LOCKS[(System.identityHashCode(this) + block) & (LOCKS.length - 1)]) {
      if (!isSeen(block)) {
        action.on(block);
        seen.getAndUpdate(block / Long.SIZE, bits -> bits | 1L << block);
      }
    }
  }

  private boolean isSeen(int block) {
    return (seen.get(block / Long.SIZE) & 1L << block) != 0;
  }
}
