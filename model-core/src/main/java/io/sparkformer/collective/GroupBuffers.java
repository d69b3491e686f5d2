package io.sparkformer.collective;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The buffers of ranks that share memory.
 *
 * @param counters of their barrier
 * @param parts for each bucket a buffer for each tree node that one of the ranks adds up
 * @param sums for each bucket a buffer for each tree node that the ranks add up together; the first
 *     becomes the total
 */
record GroupBuffers(
    ByteBuffer counters, List<List<ByteBuffer>> parts, List<List<ByteBuffer>> sums) {

  private static final int PAGE_BYTES = 4096;

  /** Of a rank that shares no memory: its own nodes are all that there is. */
  static GroupBuffers alone(Collective.Shape shape, int parts) {
    List<List<ByteBuffer>> buckets = new ArrayList<>();
    for (int floats : shape.bucketFloats()) {
      List<ByteBuffer> buffers = new ArrayList<>();
      for (int i = 0; i < parts; i++) {
        buffers.add(ByteBuffer.allocateDirect(floats * Float.BYTES).order(ByteOrder.nativeOrder()));
      }
      buckets.add(buffers);
    }
    return new GroupBuffers(ByteBuffer.allocate(0), buckets, buckets);
  }

  /** In a file of {@link #bytes} bytes. */
  static GroupBuffers mapped(Path file, Collective.Shape shape, int ranks, int parts, int sums) {
    long offset = padded(Barrier.bytes(ranks));
    ByteBuffer counters = SharedMemory.map(file, 0, offset);
    List<List<ByteBuffer>> bucketParts = new ArrayList<>();
    List<List<ByteBuffer>> bucketSums = new ArrayList<>();
    for (int floats : shape.bucketFloats()) {
      List<ByteBuffer> buffers = new ArrayList<>();
      for (int i = 0; i < parts + sums; i++) {
        long bytes = (long) floats * Float.BYTES;
        buffers.add(SharedMemory.map(file, offset, bytes));
        offset += padded(bytes);
      }
      bucketParts.add(buffers.subList(0, parts));
      bucketSums.add(buffers.subList(parts, parts + sums));
    }
    return new GroupBuffers(counters, bucketParts, bucketSums);
  }

  static long bytes(Collective.Shape shape, int ranks, int parts, int sums) {
    long ofOne = shape.bucketFloats().stream().mapToLong(n -> padded(4L * n)).sum();
    return padded(Barrier.bytes(ranks)) + (parts + sums) * ofOne;
  }

  private static long padded(long bytes) {
    return (bytes + PAGE_BYTES - 1) / PAGE_BYTES * PAGE_BYTES;
  }
}
