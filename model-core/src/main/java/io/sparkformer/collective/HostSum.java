package io.sparkformer.collective;

import java.nio.ByteBuffer;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.List;

/**
 * Sums within a host: every rank adds up its slice of all ranks' parts, from shared memory to
 * shared memory.
 */
final class HostSum {

  /** Slices begin on pages, which ranks then need not share. */
  private static final int ALIGNED_FLOATS = 1024;

  private final int self;
  private final int ranks;
  private final List<TreeSum> trees;
  private final List<List<Integer>> partsOf;

  /**
   * @param self index of this rank in its host
   * @param ranks of the host
   * @param parts that the ranks sum up, in order
   * @param ranges that the host sums up, in order
   */
  HostSum(int self, int ranks, List<MicroBatchRange> parts, List<MicroBatchRange> ranges) {
    this.self = self;
    this.ranks = ranks;
    this.trees = new ArrayList<>();
    this.partsOf = new ArrayList<>();
    for (MicroBatchRange range : ranges) {
      List<Integer> within = new ArrayList<>();
      for (int i = 0; i < parts.size(); i++) {
        if (parts.get(i).first() >= range.first() && parts.get(i).end() <= range.end()) {
          within.add(i);
        }
      }
      partsOf.add(within);
      trees.add(new TreeSum(range, within.stream().map(parts::get).toList()));
    }
  }

  /**
   * Adds up this rank's slice.
   *
   * @param buffers one for each part
   * @param into one for each range of the host
   */
  void sum(List<ByteBuffer> buffers, List<ByteBuffer> into) {
    List<FloatBuffer> floats = buffers.stream().map(ByteBuffer::asFloatBuffer).toList();
    int count = floats.get(0).capacity();
    for (int i = 0; i < trees.size(); i++) {
      List<FloatBuffer> ofSpan = partsOf.get(i).stream().map(floats::get).toList();
      trees
          .get(i)
          .sum(ofSpan, start(count, self), start(count, self + 1), into.get(i).asFloatBuffer());
    }
  }

  private int start(int count, int rank) {
    long pages = ((long) count + ALIGNED_FLOATS - 1) / ALIGNED_FLOATS;
    return (int) Math.min(count, pages * rank / ranks * ALIGNED_FLOATS);
  }
}
