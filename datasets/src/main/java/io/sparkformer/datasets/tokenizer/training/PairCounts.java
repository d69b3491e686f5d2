package io.sparkformer.datasets.tokenizer.training;

import java.util.Arrays;
import java.util.PriorityQueue;

/**
 * How often each pair of neighbouring tokens occurs while a vocabulary is trained, and in which
 * words.
 *
 * <p>The queue is updated lazily: a pair is put there when its count has grown, and again when it
 * comes out with more than it still has.
 */
final class PairCounts {

  private static final int INITIAL = 1 << 12;
  private static final int EMPTY = -1;
  private static final int[] NOWHERE = {};

  private final PriorityQueue<Candidate> queue = new PriorityQueue<>();
  private int[] slots = new int[4 * INITIAL];
  private long[] keys = new long[INITIAL];
  private long[] counts = new long[INITIAL];
  private int[][] words = new int[INITIAL][];
  private int[] wordCounts = new int[INITIAL];
  private boolean[] hasGrown = new boolean[INITIAL];
  private int[] grown = new int[INITIAL];
  private int grownCount;
  private int size;

  /** A pair in the queue; the most frequent comes first, of these the one with the smallest ids. */
  private record Candidate(long count, long key, int pair) implements Comparable<Candidate> {
    @Override
    public int compareTo(Candidate other) {
      return count != other.count ? Long.compare(other.count, count) : Long.compare(key, other.key);
    }
  }

  /**
   * The most frequent pair.
   *
   * @param words where it was seen, the first {@code wordCount}; some more than once, and some that
   *     no longer have it
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by no one.
  record Best(int left, int right, long count, int[] words, int wordCount) {}

  PairCounts() {
    Arrays.fill(slots, EMPTY);
  }

  /** The pair occurs more often, in a word. */
  void increase(int left, int right, long by, int word) {
    int pair = add(left, right);
    counts[pair] += by;
    if (wordCounts[pair] == 0 || words[pair][wordCounts[pair] - 1] != word) {
      if (wordCounts[pair] == words[pair].length) {
        words[pair] = Arrays.copyOf(words[pair], Math.max(2, 2 * wordCounts[pair]));
      }
      words[pair][wordCounts[pair]++] = word;
    }
    if (!hasGrown[pair]) {
      hasGrown[pair] = true;
      if (grownCount == grown.length) {
        grown = Arrays.copyOf(grown, 2 * grownCount);
      }
      grown[grownCount++] = pair;
    }
  }

  /** The pair, which is there, occurs less often. */
  void decrease(int left, int right, long by) {
    counts[add(left, right)] -= by;
  }

  /** Takes the most frequent pair out; one with the count 0 if there is none. */
  Best takeBest() {
    queueGrown();
    while (!queue.isEmpty()) {
      Candidate candidate = queue.poll();
      int pair = candidate.pair();
      long count = counts[pair];
      if (count == candidate.count() && count > 0) {
        Best best =
            new Best(
                (int) (keys[pair] >>> 32), (int) keys[pair], count, words[pair], wordCounts[pair]);
        words[pair] = NOWHERE;
        wordCounts[pair] = 0;
        return best;
      }
      if (count < candidate.count() && count > 0) {
        queue.add(new Candidate(count, keys[pair], pair));
      }
    }
    return new Best(0, 0, 0, NOWHERE, 0);
  }

  private void queueGrown() {
    for (int i = 0; i < grownCount; i++) {
      int pair = grown[i];
      hasGrown[pair] = false;
      if (counts[pair] > 0) {
        queue.add(new Candidate(counts[pair], keys[pair], pair));
      }
    }
    grownCount = 0;
  }

  private int add(int left, int right) {
    long key = (long) left << 32 | right;
    int mask = slots.length - 1;
    int slot = slot(key);
    while (slots[slot] != EMPTY && keys[slots[slot]] != key) {
      slot = (slot + 1) & mask;
    }
    if (slots[slot] != EMPTY) {
      return slots[slot];
    }
    if (size == keys.length) {
      grow();
      return add(left, right);
    }
    keys[size] = key;
    words[size] = NOWHERE;
    slots[slot] = size;
    return size++;
  }

  private int slot(long key) {
    long mixed = key * 0x9E3779B97F4A7C15L;
    return (int) (mixed ^ mixed >>> 32) & (slots.length - 1);
  }

  private void grow() {
    int length = Math.multiplyExact(2, size);
    keys = Arrays.copyOf(keys, length);
    counts = Arrays.copyOf(counts, length);
    words = Arrays.copyOf(words, length);
    wordCounts = Arrays.copyOf(wordCounts, length);
    hasGrown = Arrays.copyOf(hasGrown, length);
    slots = new int[Math.multiplyExact(4, length)];
    Arrays.fill(slots, EMPTY);
    for (int pair = 0; pair < size; pair++) {
      int slot = slot(keys[pair]);
      while (slots[slot] != EMPTY) {
        slot = (slot + 1) & (slots.length - 1);
      }
      slots[slot] = pair;
    }
  }
}
