package io.sparkformer.collective;

import java.nio.FloatBuffer;
import java.util.List;

/** Adds buffers that hold sums of nodes, in the order of the tree, to the sum of a node above. */
final class TreeSum {

  /** Small enough for the first-level cache with its copies. */
  static final int CHUNK_FLOATS = 2048;

  private final MicroBatchRange target;
  private final List<MicroBatchRange> nodes;
  private final float[][] stack;

  /**
   * @param target the node to sum up
   * @param nodes nodes of one tree in which every micro-batch of the target is once
   */
  TreeSum(MicroBatchRange target, List<MicroBatchRange> nodes) {
    this.target = target;
    this.nodes = List.copyOf(nodes);
    this.stack = new float[depth(target)][CHUNK_FLOATS];
  }

  private int depth(MicroBatchRange range) {
    return nodes.contains(range) ? 1 : Math.max(depth(range.left()), 1 + depth(range.right()));
  }

  /** Sums a range of the buffers, one for each node, into the same range of another or of one. */
  void sum(List<FloatBuffer> buffers, int from, int to, FloatBuffer into) {
    for (int at = from; at < to; at += CHUNK_FLOATS) {
      int count = Math.min(CHUNK_FLOATS, to - at);
      evaluate(target, buffers, at, count, 0);
      into.put(at, stack[0], 0, count);
    }
  }

  private void evaluate(
      MicroBatchRange range, List<FloatBuffer> buffers, int at, int count, int level) {
    int node = nodes.indexOf(range);
    if (node >= 0) {
      buffers.get(node).get(at, stack[level], 0, count);
      return;
    }
    evaluate(range.left(), buffers, at, count, level);
    evaluate(range.right(), buffers, at, count, level + 1);
    add(stack[level], stack[level + 1], count);
  }

  private static void add(float[] sum, float[] other, int count) {
    for (int i = 0; i < count; i++) {
      sum[i] += other[i];
    }
  }
}
