package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A shard on a local disk, mapped into memory.
 *
 * <p>Safe for many reading threads. After {@link #close} reads fail; the mappings themselves go
 * with the garbage collector, because unmapping under a reader would crash the process.
 */
public final class TokenShard implements Closeable {

  /** A mapping is at most 2 GB; a power of two keeps every token within one of them. */
  private static final int SEGMENT_BYTES = 1 << 30;

  private final Path file;
  private final IndexFile index;
  private final TokenDtype dtype;
  private volatile ByteBuffer[] segments;

  private TokenShard(Path file, IndexFile index, ByteBuffer[] segments) {
    this.file = file;
    this.index = index;
    this.dtype = index.dtype();
    this.segments = segments;
  }

  /**
   * Opens a pair of files, whose names differ in the ending only.
   *
   * @param tokensFile the .bin file
   * @throws io.sparkformer.datasets.InvalidInputException if the index is damaged or the .bin file
   *     has another length than it says
   */
  public static TokenShard open(Path tokensFile) throws IOException {
    String name = tokensFile.getFileName().toString();
    String stem = name.substring(0, name.length() - ShardFile.TOKENS_ENDING.length());
    IndexFile index = IndexFile.read(tokensFile.resolveSibling(stem + ShardFile.INDEX_ENDING));
    try (FileChannel channel = FileChannel.open(tokensFile)) {
      long bytes = channel.size();
      long expectedBytes = index.tokens() * index.dtype().byteWidth();
      require(
          bytes == expectedBytes,
          "%s: %d bytes where its index says %d: copy the files again, or make the data set again",
          tokensFile,
          bytes,
          expectedBytes);
      ByteBuffer[] segments =
          new ByteBuffer[Math.toIntExact((bytes + SEGMENT_BYTES - 1) / SEGMENT_BYTES)];
      for (int i = 0; i < segments.length; i++) {
        long start = (long) i * SEGMENT_BYTES;
        segments[i] =
            channel
                .map(MapMode.READ_ONLY, start, Math.min(SEGMENT_BYTES, bytes - start))
                .order(ByteOrder.LITTLE_ENDIAN);
      }
      return new TokenShard(tokensFile, index, segments);
    }
  }

  /** The .bin file. */
  public Path file() {
    return file;
  }

  public IndexFile index() {
    return index;
  }

  /** Tokens in the shard. */
  public long length() {
    return index.tokens();
  }

  /**
   * Copies tokens.
   *
   * @throws IndexOutOfBoundsException if the range is not within the shard or the array
   * @throws IllegalStateException if the shard is closed
   */
  public void read(long position, int count, long[] out, int offset) {
    Objects.checkFromIndexSize(position, count, length());
    Objects.checkFromIndexSize(offset, count, out.length);
    ByteBuffer[] mapped = segments;
    int tokensPerSegment = SEGMENT_BYTES / dtype.byteWidth();
    for (int done = 0; done < count; ) {
      long at = position + done;
      int inSegment = (int) (at % tokensPerSegment);
      int next = Math.min(count - done, tokensPerSegment - inSegment);
      if (mapped.length == 0) {
        throw new IllegalStateException(file + " is closed");
      }
      copy(mapped[(int) (at / tokensPerSegment)], inSegment, next, out, offset + done);
      done += next;
    }
  }

  @Override
  public void close() {
    segments = new ByteBuffer[0];
  }

  private void copy(ByteBuffer segment, int first, int count, long[] out, int offset) {
    int byteWidth = dtype.byteWidth();
    int byteOffset = first * byteWidth;
    for (int i = 0; i < count; i++, byteOffset += byteWidth) {
      out[offset + i] = dtype.tokenAt(segment, byteOffset);
    }
  }
}
