package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A shard's tokens on a local disk, mapped into memory. Safe for many reading threads; after {@link
 * #close} reads fail.
 */
public final class TokenShard implements Closeable {

  private static final String NO_SHA256 = "0".repeat(64);

  private final BlockFile file;
  private final TokenDtype dtype;
  private final long tokens;

  private TokenShard(BlockFile file, TokenDtype dtype, long tokens) {
    this.file = file;
    this.dtype = dtype;
    this.tokens = tokens;
  }

  /**
   * Opens a pair of files that no data set records, whose names differ in the ending only; only the
   * index is checked.
   *
   * @param tokensFile the .bin file
   * @throws io.sparkformer.datasets.InvalidInputException if the index is damaged or the .bin file
   *     has another length than it says
   */
  public static TokenShard open(Path tokensFile) throws IOException {
    String name = tokensFile.getFileName().toString();
    String stem = name.substring(0, name.length() - ShardFile.TOKENS_ENDING.length());
    IndexFile index = IndexFile.read(tokensFile.resolveSibling(stem + ShardFile.INDEX_ENDING));
    long bytes = Files.size(tokensFile);
    long expectedBytes = index.tokens() * index.dtype().byteWidth();
    require(
        bytes == expectedBytes,
        "%s: %d bytes where its index says %d: copy the files again, or make the data set again",
        tokensFile,
        bytes,
        expectedBytes);
    ShardFile recorded =
        new ShardFile(
            name, bytes, NO_SHA256, index.tokens(), index.sequences(), index.documents(), "");
    return new TokenShard(
        BlockFile.open(
            tokensFile,
            tokensFile.toString(),
            recorded,
            new FirstReads(bytes),
            BlockFile.Fetch.NONE),
        index.dtype(),
        index.tokens());
  }

  /**
   * The tokens of a data set's file.
   *
   * @param file closed with this
   * @throws io.sparkformer.datasets.InvalidInputException if it is recorded with another size than
   *     its tokens have
   */
  static TokenShard of(BlockFile file, TokenDtype dtype) {
    ShardFile recorded = file.recorded();
    require(
        recorded.bytes() == recorded.tokens() * dtype.byteWidth(),
        "%s has %d bytes where %d tokens of %s are recorded: %s",
        file,
        recorded.bytes(),
        recorded.tokens(),
        dtype.label(),
        LocalFiles.REMEDY);
    return new TokenShard(file, dtype, recorded.tokens());
  }

  /** Tokens in the shard. */
  public long length() {
    return tokens;
  }

  /**
   * Copies tokens.
   *
   * @throws IndexOutOfBoundsException if the range is not within the shard or the array
   * @throws io.sparkformer.datasets.InvalidInputException if they were altered
   * @throws IllegalStateException if the shard is closed
   */
  public void read(long position, int count, long[] out, int offset) {
    Objects.checkFromIndexSize(position, count, length());
    Objects.checkFromIndexSize(offset, count, out.length);
    long from = position * dtype.byteWidth();
    file.require(from, (long) count * dtype.byteWidth());
    for (int done = 0; done < count; ) {
      long at = from + (long) done * dtype.byteWidth();
      int inSegment = BlockFile.inSegment(at);
      int next = Math.min(count - done, (BlockFile.SEGMENT_BYTES - inSegment) / dtype.byteWidth());
      copy(file.segment(at), inSegment, next, out, offset + done);
      done += next;
    }
  }

  @Override
  public void close() {
    file.close();
  }

  private void copy(ByteBuffer segment, int first, int count, long[] out, int offset) {
    int byteWidth = dtype.byteWidth();
    int byteOffset = first;
    for (int i = 0; i < count; i++, byteOffset += byteWidth) {
      out[offset + i] = dtype.tokenAt(segment, byteOffset);
    }
  }
}
