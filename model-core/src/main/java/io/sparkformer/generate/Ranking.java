package io.sparkformer.generate;

/**
 * Token ids from the most likely down, equal ones by id; found only as far as asked for.
 *
 * <p>A heap: V + n log V steps for the first n of V, where few of a large vocabulary are wanted.
 */
final class Ranking {

  private final float[] logits;

  /** The heap, and behind it the ids that have been taken from it, the first one last. */
  private final int[] ids;

  private int heapSize;

  private Ranking(float[] logits) {
    this.logits = logits;
    this.ids = new int[logits.length];
    this.heapSize = logits.length;
    for (int id = 0; id < ids.length; id++) {
      ids[id] = id;
    }
    for (int node = heapSize / 2 - 1; node >= 0; node--) {
      siftDown(node);
    }
  }

  /** Ranks logits, none of them NaN; they stay the caller's and must not change. */
  static Ranking of(float[] logits) {
    return new Ranking(logits);
  }

  /** The id of a rank, from 0. */
  int id(int rank) {
    int place = ids.length - 1 - rank;
    while (heapSize > place) {
      takeFirst();
    }
    return ids[place];
  }

  private void takeFirst() {
    int first = ids[0];
    heapSize--;
    ids[0] = ids[heapSize];
    ids[heapSize] = first;
    siftDown(0);
  }

  private void siftDown(int start) {
    int node = start;
    for (int child = 2 * node + 1; child < heapSize; child = 2 * node + 1) {
      if (child + 1 < heapSize && precedes(ids[child + 1], ids[child])) {
        child++;
      }
      if (!precedes(ids[child], ids[node])) {
        return;
      }
      int moved = ids[node];
      ids[node] = ids[child];
      ids[child] = moved;
      node = child;
    }
  }

  private boolean precedes(int a, int b) {
    return logits[a] > logits[b] || (logits[a] == logits[b] && a < b);
  }
}
