package io.sparkformer.datasets.tokens;

import java.util.zip.CRC32C;

/**
 * The CRC-32C of each block of a file, as {@code dataset.json} has them: 8 hex digits for each
 * {@link #BLOCK_BYTES} bytes, in order. For one thread.
 *
 * <p>A window of tokens that is drawn at random has its whole block read first, which speaks for
 * small blocks; 1 TB has a million of this size, 8 MB of {@code dataset.json}, which every executor
 * reads at its start, and that speaks against smaller ones.
 */
public final class BlockSums {

  /** Bytes of a block; the last one may have fewer. */
  public static final int BLOCK_BYTES = 1 << 20;

  static final int DIGITS = 8;

  private final CRC32C open = new CRC32C();
  private final StringBuilder ended = new StringBuilder();
  private int inOpen;

  /** Adds the file's next bytes. */
  public void update(byte[] bytes, int offset, int count) {
    for (int done = 0; done < count; ) {
      int next = Math.min(count - done, BLOCK_BYTES - inOpen);
      open.update(bytes, offset + done, next);
      done += next;
      inOpen += next;
      if (inOpen == BLOCK_BYTES) {
        end();
      }
    }
  }

  /** The sums of all that was added; ends the last block. */
  public String finish() {
    if (inOpen > 0) {
      end();
    }
    return ended.toString();
  }

  private void end() {
    ended.append(hex((int) open.getValue()));
    open.reset();
    inOpen = 0;
  }

  static String hex(int sum) {
    return String.format("%08x", sum);
  }

  static long blocks(long bytes) {
    return (bytes + BLOCK_BYTES - 1) / BLOCK_BYTES;
  }
}
