package io.sparkformer.datasets.tokens;

import io.sparkformer.datasets.InvalidInputException;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.zip.CRC32C;

/**
 * A data set's file on a local disk, mapped into memory, whose blocks are there and checked before
 * they are first read.
 *
 * <p>Safe for many reading threads. After {@link #close} reads fail; the mappings themselves go
 * with the garbage collector, because unmapping under a reader would crash the process.
 */
final class BlockFile implements Closeable {

  private static final int SEGMENT_BITS = 30;

  /** A mapping is at most 2 GB; a power of two keeps every token and block within one of them. */
  static final int SEGMENT_BYTES = 1 << SEGMENT_BITS;

  /** What else a segment has of the next one: an index's numbers may cross its end. */
  private static final int OVERLAP_BYTES = Long.BYTES;

  private final String shown;
  private final ShardFile recorded;
  private final FirstReads reads;
  private final Fetch fetch;
  private final boolean plain;
  private volatile ByteBuffer[] segments;

  /** Brings a part of a file to the local disk. */
  interface Fetch {

    /** For files that are there. */
    Fetch NONE = (from, bytes) -> {};

    void part(long from, int bytes) throws IOException;
  }

  private BlockFile(
      String shown, ShardFile recorded, FirstReads reads, Fetch fetch, ByteBuffer[] segments) {
    this.shown = shown;
    this.recorded = recorded;
    this.reads = reads;
    this.fetch = fetch;
    this.plain = fetch == Fetch.NONE && !recorded.hasSums();
    this.segments = segments;
  }

  /**
   * Opens a file of the recorded size.
   *
   * @param shown the file's name in messages
   * @param reads of the same file so far
   */
  static BlockFile open(Path local, String shown, ShardFile recorded, FirstReads reads, Fetch fetch)
      throws IOException {
    try (FileChannel channel = FileChannel.open(local)) {
      long bytes = recorded.bytes();
      ByteBuffer[] segments =
          new ByteBuffer[Math.toIntExact((bytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES)];
      for (int i = 0; i < segments.length; i++) {
        long start = (long) i * SEGMENT_BYTES;
        long length = Math.min((long) SEGMENT_BYTES + OVERLAP_BYTES, bytes - start);
        segments[i] = channel.map(MapMode.READ_ONLY, start, length).order(ByteOrder.LITTLE_ENDIAN);
      }
      return new BlockFile(shown, recorded, reads, fetch, segments);
    }
  }

  /** As messages name it. */
  @Override
  public String toString() {
    return shown;
  }

  /** As it was recorded. */
  ShardFile recorded() {
    return recorded;
  }

  /**
   * Makes sure that bytes are there and as they were written.
   *
   * @throws InvalidInputException if a block that they are of was altered
   */
  void require(long from, long bytes) {
    if (plain || bytes == 0) {
      return;
    }
    int last = (int) ((from + bytes - 1) / BlockSums.BLOCK_BYTES);
    for (int block = (int) (from / BlockSums.BLOCK_BYTES); block <= last; block++) {
      reads.first(block, this::firstRead);
    }
  }

  /**
   * The mapping that a byte is in, at {@link #inSegment}; eight bytes from there on are in it, too,
   * if the file has them.
   *
   * @throws IllegalStateException if the file is closed
   */
  ByteBuffer segment(long position) {
    ByteBuffer[] mapped = segments;
    if (mapped.length == 0) {
      throw new IllegalStateException(shown + " is closed");
    }
    return mapped[(int) (position >>> SEGMENT_BITS)];
  }

  static int inSegment(long position) {
    return (int) (position & (SEGMENT_BYTES - 1));
  }

  @Override
  public void close() {
    segments = new ByteBuffer[0];
  }

  private void firstRead(int block) {
    long from = (long) block * BlockSums.BLOCK_BYTES;
    int bytes = (int) Math.min(BlockSums.BLOCK_BYTES, recorded.bytes() - from);
    try {
      fetch.part(from, bytes);
    } catch (IOException e) {
      throw new UncheckedIOException(shown + ": " + e.getMessage(), e);
    }
    if (recorded.hasSums()) {
      CRC32C sum = new CRC32C();
      sum.update(segment(from).slice(inSegment(from), bytes));
      InvalidInputException.require(
          (int) sum.getValue() == recorded.sum(block),
          "%s was altered between its bytes %d and %d: their CRC-32C is %s where %s is recorded: %s",
          shown,
          from,
          from + bytes,
          BlockSums.hex((int) sum.getValue()),
          BlockSums.hex(recorded.sum(block)),
          LocalFiles.REMEDY);
    }
  }
}
