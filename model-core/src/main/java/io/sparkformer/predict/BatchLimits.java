package io.sparkformer.predict;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;

/**
 * How large a batch may be.
 *
 * @param rows at most
 * @param tokens at most, padding included; a longer row is a batch by itself
 */
public record BatchLimits(int rows, int tokens) implements Serializable {

  public BatchLimits {
    require(rows > 0, "batchSize is %d: it must be at least 1", rows);
    require(tokens > 0, "maxTokensPerBatch is %d: it must be at least 1", tokens);
  }

  /**
   * Puts rows of like length together, so that little is padding.
   *
   * @param lengths tokens of each row
   * @return the rows' numbers, each in one batch
   */
  public List<int[]> batches(int[] lengths) {
    Integer[] order = new Integer[lengths.length];
    Arrays.setAll(order, i -> i);
    Arrays.sort(order, Comparator.comparingInt(i -> lengths[i]));
    List<int[]> batches = new ArrayList<>();
    int from = 0;
    for (int to = 1; to <= order.length; to++) {
      boolean full =
          to == order.length || to - from == rows || (to - from + 1L) * lengths[order[to]] > tokens;
      if (full) {
        batches.add(Arrays.stream(order, from, to).mapToInt(Integer::intValue).toArray());
        from = to;
      }
    }
    return batches;
  }
}
