package io.sparkformer.datasets.tokenizer;

/** Merges pieces of a few bytes, by looking through all pairs for the one to merge next. */
final class ShortMerge {

  /** Longer pieces are {@link LongMerge}'s. */
  static final int MAX_BYTES = 64;

  private final MergeTable table;
  private final int[] ids = new int[MAX_BYTES];

  /** Of the pair that begins at each token. */
  private final int[] ranks = new int[MAX_BYTES];

  ShortMerge(MergeTable table) {
    this.table = table;
  }

  /** The tokens of the piece of up to {@link #MAX_BYTES} bytes, whose number is the result. */
  int merge(byte[] bytes, int from, int to) {
    int count = to - from;
    ids[0] = table.idOfByte(bytes[from]);
    for (int i = 1; i < count; i++) {
      ids[i] = table.idOfByte(bytes[from + i]);
      ranks[i - 1] = table.rankOfBytes(bytes[from + i - 1], bytes[from + i]);
    }
    while (count > 1) {
      int at = 0;
      int lowest = ranks[0];
      for (int i = 1; i < count - 1; i++) {
        if (ranks[i] < lowest) {
          lowest = ranks[i];
          at = i;
        }
      }
      if (lowest == MergeTable.NONE) {
        break;
      }
      count--;
      mergeAt(at, table.merged(lowest), count);
    }
    return count;
  }

  private void mergeAt(int at, int id, int count) {
    ids[at] = id;
    for (int i = at + 1; i < count; i++) {
      ids[i] = ids[i + 1];
      ranks[i - 1] = ranks[i];
    }
    if (at > 0) {
      ranks[at - 1] = table.rank(ids[at - 1], id);
    }
    if (at + 1 < count) {
      ranks[at] = table.rank(id, ids[at + 1]);
    }
  }

  /** The tokens of the last piece. */
  int[] ids() {
    return ids;
  }
}
