package io.sparkformer.predict;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.List;

/** Rows of token ids as a model reads them: padded on the right to the longest. */
final class PaddedRows {

  private final List<int[]> rows;
  private final int longest;

  PaddedRows(List<int[]> rows) {
    this.rows = rows;
    this.longest = rows.stream().mapToInt(row -> row.length).max().orElseThrow();
  }

  /** Ids int64 [B, T]. */
  NDArray ids(NDManager manager) {
    return shifted(manager, 0, 0);
  }

  /** The token that follows each, int64 [B, T]. */
  NDArray next(NDManager manager, long none) {
    return shifted(manager, 1, none);
  }

  private NDArray shifted(NDManager manager, int by, long padding) {
    long[] ids = new long[rows.size() * longest];
    java.util.Arrays.fill(ids, padding);
    for (int i = 0; i < rows.size(); i++) {
      int[] row = rows.get(i);
      for (int t = by; t < row.length; t++) {
        ids[i * longest + t - by] = row[t];
      }
    }
    return manager.create(ids, new Shape(rows.size(), longest));
  }

  /** Tokens of each, int64 [B]. */
  NDArray lengths(NDManager manager) {
    return manager.create(rows.stream().mapToLong(row -> row.length).toArray());
  }
}
