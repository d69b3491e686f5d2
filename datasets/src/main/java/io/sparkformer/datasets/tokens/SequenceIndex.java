package io.sparkformer.datasets.tokens;

import io.sparkformer.datasets.InvalidInputException;
import java.nio.ByteBuffer;

/**
 * The sequences of a shard, read from its mapped index as they are asked for, so that opening costs
 * the same however many there are.
 */
final class SequenceIndex {

  private final BlockFile file;
  private final IndexHeader header;
  private final long tokens;

  /**
   * An index over a .bin file.
   *
   * @param file stays the caller's to close
   * @throws io.sparkformer.datasets.InvalidInputException if it is none, or not as recorded
   */
  SequenceIndex(BlockFile file) {
    this.file = file;
    byte[] bytes = new byte[(int) Math.min(IndexHeader.BYTES, file.recorded().bytes())];
    file.require(0, bytes.length);
    if (bytes.length > 0) {
      file.segment(0).get(0, bytes);
    }
    this.header = IndexHeader.of(ByteBuffer.wrap(bytes), file.recorded(), file.toString());
    this.tokens = file.recorded().tokens();
  }

  /** As messages name it. */
  @Override
  public String toString() {
    return file.toString();
  }

  TokenDtype dtype() {
    return header.dtype();
  }

  int sequences() {
    return header.sequences();
  }

  /** Tokens of a sequence. */
  int size(int sequence) {
    int[] one = new int[1];
    sizes(sequence, 1, one, 0);
    return one[0];
  }

  /** Tokens of each of some sequences. */
  void sizes(int first, int count, int[] out, int offset) {
    long start = IndexHeader.BYTES + (long) first * Integer.BYTES;
    file.require(start, (long) count * Integer.BYTES);
    for (int i = 0; i < count; i++) {
      long at = start + (long) i * Integer.BYTES;
      int size = file.segment(at).getInt(BlockFile.inSegment(at));
      if (size < 0) {
        throw new InvalidInputException(
            "%s: sequence %d has size %d: %s".formatted(file, first + i, size, IndexFile.REMEDY));
      }
      out[offset + i] = size;
    }
  }

  /** Position of a sequence's first token in the shard. */
  long start(int sequence) {
    long offset = offset(sequence);
    int size = size(sequence);
    long end = offset + (long) size * dtype().byteWidth();
    long next = sequence + 1 < sequences() ? offset(sequence + 1) : tokens * dtype().byteWidth();
    if (end != next || offset < 0 || (sequence == 0 && offset != 0)) {
      throw new InvalidInputException(
          "%s: sequence %d has size %d and offset %d, and the next one begins at %d: %s"
              .formatted(file, sequence, size, offset, next, IndexFile.REMEDY));
    }
    return offset / dtype().byteWidth();
  }

  private long offset(int sequence) {
    long position =
        IndexHeader.BYTES + (long) sequences() * Integer.BYTES + (long) sequence * Long.BYTES;
    file.require(position, Long.BYTES);
    return file.segment(position).getLong(BlockFile.inSegment(position));
  }
}
