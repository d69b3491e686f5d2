package io.sparkformer.collective;

import java.util.ArrayList;
import java.util.List;

/**
 * A node of the tree in which a step's micro-batches are summed: the micro-batches from first to
 * end - 1. Its children are its halves.
 *
 * <p>The tree depends on the number of micro-batches alone. Ranks hand over sums of whole nodes,
 * and what is above them is added in the tree's order: float additions are then the same ones for
 * every number of ranks, and so are the bits.
 *
 * @param first micro-batch
 * @param end one past the last
 */
public record MicroBatchRange(int first, int end) {

  public MicroBatchRange {
    if (first < 0 || end <= first) {
      throw new IllegalArgumentException("micro-batches " + first + " to " + end);
    }
  }

  /** The whole of a step. */
  public static MicroBatchRange ofStep(int microBatches) {
    return new MicroBatchRange(0, microBatches);
  }

  /** The micro-batches of one rank; sizes of ranks differ by one at most. */
  static MicroBatchRange ofRank(int microBatches, int rank, int worldSize) {
    if (microBatches < worldSize) {
      throw new IllegalArgumentException(microBatches + " micro-batches for " + worldSize);
    }
    return new MicroBatchRange(
        (int) ((long) microBatches * rank / worldSize),
        (int) ((long) microBatches * (rank + 1) / worldSize));
  }

  public boolean isMicroBatch() {
    return end - first == 1;
  }

  public MicroBatchRange left() {
    return new MicroBatchRange(first, middle());
  }

  public MicroBatchRange right() {
    return new MicroBatchRange(middle(), end);
  }

  /** The fewest nodes of this tree that make up a range, in order. */
  List<MicroBatchRange> nodesOf(MicroBatchRange range) {
    if (range.first <= first && end <= range.end) {
      return List.of(this);
    }
    if (range.end <= first || end <= range.first) {
      return List.of();
    }
    List<MicroBatchRange> nodes = new ArrayList<>(left().nodesOf(range));
    nodes.addAll(right().nodesOf(range));
    return nodes;
  }

  private int middle() {
    return first + (end - first) / 2;
  }
}
