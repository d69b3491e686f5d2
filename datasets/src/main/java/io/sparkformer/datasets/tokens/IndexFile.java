package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Path;
import java.util.Arrays;
import org.apache.hadoop.fs.FileSystem;

/**
 * The .idx file of Megatron-LM's indexed data set: where sequences and documents begin in the .bin
 * file.
 *
 * <p>Layout, little-endian, every byte of the file consumed: magic {@code MMIDIDX\0\0} (9 bytes),
 * u64 version 1, u8 dtype code, u64 number of sequences S, u64 number of document bounds D, S i32
 * sizes in tokens, S i64 offsets in bytes, D i64 document bounds. Document d is the sequences from
 * bound d up to, not including, bound d + 1; the first bound is 0, the last is S.
 */
public final class IndexFile {

  private static final int BLOCK_BYTES = 1 << 16;
  static final String REMEDY = "copy the file again, or make the data set again";

  private final TokenDtype dtype;
  private final int[] sizes;
  private final long[] documentBounds;
  private final long tokens;

  private IndexFile(TokenDtype dtype, int[] sizes, long[] documentBounds) {
    this.dtype = dtype;
    this.sizes = sizes;
    this.documentBounds = documentBounds;
    this.tokens = Arrays.stream(sizes).asLongStream().sum();
  }

  /**
   * An index over sequences.
   *
   * @param sizes tokens of each sequence
   * @param documentBounds as in the file: 0, the sequence after each document; ascending, the last
   *     is the number of sequences
   * @throws io.sparkformer.datasets.InvalidInputException if the bounds are not so
   */
  public static IndexFile of(TokenDtype dtype, int[] sizes, long[] documentBounds) {
    requireBounds(documentBounds, sizes.length, "index");
    return new IndexFile(dtype, sizes.clone(), documentBounds.clone());
  }

  /**
   * Reads and checks a local file.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it is not an index, truncated, or
   *     contradicts itself
   */
  public static IndexFile read(Path file) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      return read(channel, channel.size(), file.toString());
    }
  }

  /**
   * Reads and checks a file of any file system.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it is not an index, truncated, or
   *     contradicts itself
   */
  public static IndexFile read(FileSystem fileSystem, org.apache.hadoop.fs.Path file)
      throws IOException {
    long bytes = fileSystem.getFileStatus(file).getLen();
    try (ReadableByteChannel channel = Channels.newChannel(fileSystem.open(file))) {
      return read(channel, bytes, Storage.shown(file));
    }
  }

  private static IndexFile read(ReadableByteChannel channel, long fileBytes, String file)
      throws IOException {
    IndexHeader.requireBytes(fileBytes, file);
    ByteBuffer bytes = ByteBuffer.allocate(IndexHeader.BYTES);
    fill(channel, bytes, file);
    IndexHeader header = IndexHeader.of(bytes, fileBytes, file);
    int[] sizes = ints(channel, header.sequences(), file);
    requireOffsets(longs(channel, header.sequences(), file), sizes, header.dtype(), file);
    long[] documentBounds = longs(channel, header.bounds(), file);
    requireBounds(documentBounds, sizes.length, file);
    return new IndexFile(header.dtype(), sizes, documentBounds);
  }

  /** Writes the file's bytes; the stream stays the caller's. */
  public void write(OutputStream out) throws IOException {
    ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    block
        .put(IndexHeader.MAGIC)
        .putLong(IndexHeader.VERSION)
        .put((byte) dtype.code())
        .putLong(sizes.length)
        .putLong(documentBounds.length);
    for (int size : sizes) {
      drainIfFull(block, out);
      block.putInt(size);
    }
    long offset = 0;
    for (int size : sizes) {
      drainIfFull(block, out);
      block.putLong(offset);
      offset += (long) size * dtype.byteWidth();
    }
    for (long bound : documentBounds) {
      drainIfFull(block, out);
      block.putLong(bound);
    }
    drain(block, out);
  }

  public TokenDtype dtype() {
    return dtype;
  }

  /** Tokens in all sequences. */
  public long tokens() {
    return tokens;
  }

  public int sequences() {
    return sizes.length;
  }

  public int documents() {
    return documentBounds.length - 1;
  }

  /** Tokens of a sequence. */
  public int size(int sequence) {
    return sizes[sequence];
  }

  /** The first sequence of a document; for the number of documents, the number of sequences. */
  public long documentBound(int document) {
    return documentBounds[document];
  }

  private static void requireBounds(long[] bounds, int sequences, String file) {
    require(
        bounds.length > 0 && bounds[0] == 0 && bounds[bounds.length - 1] == sequences,
        "%s: document bounds do not run from 0 to the %d sequences: %s",
        file,
        sequences,
        REMEDY);
    for (int document = 1; document < bounds.length; document++) {
      require(
          bounds[document - 1] <= bounds[document],
          "%s: document bound %d goes backwards: %s",
          file,
          document,
          REMEDY);
    }
  }

  private static void requireOffsets(long[] offsets, int[] sizes, TokenDtype dtype, String file) {
    long expected = 0;
    for (int sequence = 0; sequence < sizes.length; sequence++) {
      require(
          sizes[sequence] >= 0 && offsets[sequence] == expected,
          "%s: sequence %d has size %d and offset %d where %d was expected: %s",
          file,
          sequence,
          sizes[sequence],
          offsets[sequence],
          expected,
          REMEDY);
      expected += (long) sizes[sequence] * dtype.byteWidth();
    }
  }

  private static int[] ints(ReadableByteChannel channel, int count, String file)
      throws IOException {
    int[] values = new int[count];
    ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int done = 0; done < count; ) {
      int next = Math.min(count - done, BLOCK_BYTES / Integer.BYTES);
      fill(channel, block.clear().limit(next * Integer.BYTES), file);
      block.asIntBuffer().get(values, done, next);
      done += next;
    }
    return values;
  }

  private static long[] longs(ReadableByteChannel channel, int count, String file)
      throws IOException {
    long[] values = new long[count];
    ByteBuffer block = ByteBuffer.allocate(BLOCK_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    for (int done = 0; done < count; ) {
      int next = Math.min(count - done, BLOCK_BYTES / Long.BYTES);
      fill(channel, block.clear().limit(next * Long.BYTES), file);
      block.asLongBuffer().get(values, done, next);
      done += next;
    }
    return values;
  }

  static void fill(ReadableByteChannel channel, ByteBuffer block, String file) throws IOException {
    while (block.hasRemaining()) {
      if (channel.read(block) < 0) {
        throw new EOFException(file + " became shorter while it was read");
      }
    }
    block.flip();
  }

  private static void drainIfFull(ByteBuffer block, OutputStream out) throws IOException {
    if (block.remaining() < Long.BYTES) {
      drain(block, out);
    }
  }

  private static void drain(ByteBuffer block, OutputStream out) throws IOException {
    byte[] bytes = new byte[block.flip().remaining()];
    block.get(bytes);
    out.write(bytes);
    block.clear();
  }
}
