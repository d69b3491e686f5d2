package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;

/**
 * What an .idx file begins with.
 *
 * @param bounds of documents: one more than these
 */
record IndexHeader(TokenDtype dtype, int sequences, int bounds) {

  static final byte[] MAGIC = {'M', 'M', 'I', 'D', 'I', 'D', 'X', 0, 0};
  static final long VERSION = 1;
  static final int BYTES = MAGIC.length + Long.BYTES + 1 + 2 * Long.BYTES;

  /** Reads the header alone of a local file, and checks it against what is recorded. */
  static IndexHeader read(Path file, ShardFile recorded) throws IOException {
    try (FileChannel channel = FileChannel.open(file)) {
      requireBytes(channel.size(), file.toString());
      ByteBuffer bytes = ByteBuffer.allocate(BYTES);
      IndexFile.fill(channel, bytes, file.toString());
      return of(bytes, recorded, file.toString());
    }
  }

  /**
   * Reads a header, and checks it against what is recorded of its shard.
   *
   * @param header the file's first bytes
   * @param file its name in messages
   */
  static IndexHeader of(ByteBuffer header, ShardFile recorded, String file) {
    requireBytes(header.remaining(), file);
    IndexHeader found = of(header, recorded.bytes(), file);
    require(
        found.sequences == recorded.sequences() && found.bounds == recorded.documents() + 1,
        "%s has %d sequences and %d documents where %d and %d are recorded: %s",
        file,
        found.sequences,
        found.bounds - 1,
        recorded.sequences(),
        recorded.documents(),
        IndexFile.REMEDY);
    return found;
  }

  static IndexHeader of(ByteBuffer header, long fileBytes, String file) {
    header.order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[MAGIC.length];
    header.get(magic);
    require(
        Arrays.equals(magic, MAGIC),
        "%s does not begin with Megatron's magic MMIDIDX: %s",
        file,
        IndexFile.REMEDY);
    long version = header.getLong();
    require(
        version == VERSION,
        "%s has format version %d, this program reads %d: make the data set again",
        file,
        version,
        VERSION);
    TokenDtype dtype = TokenDtype.ofCode(Byte.toUnsignedInt(header.get()), file);
    long sequences = header.getLong();
    long bounds = header.getLong();
    require(
        sequences >= 0 && sequences < Integer.MAX_VALUE && bounds > 0 && bounds < Integer.MAX_VALUE,
        "%s: counts of %d sequences and %d document bounds are out of range: %s",
        file,
        sequences,
        bounds,
        IndexFile.REMEDY);
    long expectedBytes = BYTES + sequences * (Integer.BYTES + Long.BYTES) + bounds * Long.BYTES;
    require(
        fileBytes == expectedBytes,
        "%s: %d bytes where %d sequences and %d document bounds need %d: %s",
        file,
        fileBytes,
        sequences,
        bounds,
        expectedBytes,
        IndexFile.REMEDY);
    return new IndexHeader(dtype, (int) sequences, (int) bounds);
  }

  static void requireBytes(long fileBytes, String file) {
    require(
        fileBytes >= BYTES,
        "%s: %d bytes are too few for an index: %s",
        file,
        fileBytes,
        IndexFile.REMEDY);
  }
}
