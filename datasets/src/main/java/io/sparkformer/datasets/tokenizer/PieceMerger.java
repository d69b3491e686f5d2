package io.sparkformer.datasets.tokenizer;

/** The tokens of a piece by its merges, or as a whole. */
public final class PieceMerger {

  private final WholeTokens wholeTokens;
  private final ShortMerge shortMerge;
  private final LongMerge longMerge;
  private int[] ids;

  public PieceMerger(MergeTable table, WholeTokens wholeTokens) {
    this.wholeTokens = wholeTokens;
    this.shortMerge = new ShortMerge(table);
    this.longMerge = new LongMerge(table);
    this.ids = shortMerge.ids();
  }

  /** The number of tokens of a piece of at least one byte. */
  public int merge(byte[] bytes, int from, int to) {
    int whole = wholeTokens.id(bytes, from, to);
    if (whole >= 0) {
      ids = shortMerge.ids();
      ids[0] = whole;
      return 1;
    }
    if (to - from <= ShortMerge.MAX_BYTES) {
      ids = shortMerge.ids();
      return shortMerge.merge(bytes, from, to);
    }
    int count = longMerge.merge(bytes, from, to);
    ids = longMerge.ids();
    return count;
  }

  /** The tokens of the last piece, up to their number. */
  int[] ids() {
    return ids;
  }
}
