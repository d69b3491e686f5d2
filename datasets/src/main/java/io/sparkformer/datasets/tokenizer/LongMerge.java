package io.sparkformer.datasets.tokenizer;

import java.util.Arrays;

/**
 * Merges pieces of any length, in time near-linear in it.
 *
 * <p>The tokens are a linked list. Those that merge with the next one are also linked in another
 * list for each rank, in the order of the text; the lowest rank that has any is found in a bit set
 * of two levels. As pairs of one rank are equal, merging one makes no other of that rank; a list
 * that got a token out of order is sorted once its turn comes.
 */
final class LongMerge {

  private static final int NONE = -1;

  // A token is the numbers from the index of its first byte, times their count, on: what one merge
  // needs of it is in one line of the processor's cache.
  private static final int FIELDS = 6;
  private static final int ID = 0;
  private static final int NEXT = 1;
  private static final int PREVIOUS = 2;
  private static final int RANK = 3;
  private static final int NEXT_OF_RANK = 4;
  private static final int PREVIOUS_OF_RANK = 5;

  /** Memory for longer pieces is given back when a shorter one comes. */
  private static final int KEPT_BYTES = 1 << 20;

  private final MergeTable table;
  private final int[] first;
  private final int[] last;
  private final boolean[] isSorted;
  private final long[] ranksInUse;
  private final long[] wordsInUse;

  private int[] tokens = new int[0];
  private int[] sorting = new int[64];

  LongMerge(MergeTable table) {
    this.table = table;
    this.first = new int[table.ranks()];
    this.last = new int[table.ranks()];
    this.isSorted = new boolean[table.ranks()];
    this.ranksInUse = new long[(table.ranks() >> 6) + 1];
    this.wordsInUse = new long[(ranksInUse.length >> 6) + 1];
    Arrays.fill(first, NONE);
    Arrays.fill(last, NONE);
    Arrays.fill(isSorted, true);
  }

  /** The tokens of the piece, of at least one byte; their number is the result. */
  int merge(byte[] bytes, int from, int to) {
    int length = to - from;
    fit(length);
    for (int i = 0; i < length; i++) {
      int token = i * FIELDS;
      tokens[token + ID] = table.idOfByte(bytes[from + i]);
      tokens[token + NEXT] = i + 1 < length ? token + FIELDS : NONE;
      tokens[token + PREVIOUS] = token - FIELDS;
      tokens[token + RANK] = MergeTable.NONE;
      if (i + 1 < length) {
        link(token, table.rankOfBytes(bytes[from + i], bytes[from + i + 1]));
      }
    }
    for (int rank = lowest(); rank != NONE; rank = lowest()) {
      mergeFirst(rank);
    }
    int count = 0;
    for (int token = 0; token != NONE; ) {
      int next = tokens[token + NEXT];
      tokens[count++] = tokens[token + ID];
      token = next;
    }
    return count;
  }

  /** The tokens of the last piece, up to their number. */
  int[] ids() {
    return tokens;
  }

  private void mergeFirst(int rank) {
    if (!isSorted[rank]) {
      sort(rank);
    }
    int token = first[rank];
    int right = tokens[token + NEXT];
    int after = tokens[right + NEXT];
    unlink(token);
    unlink(right);
    int id = table.merged(rank);
    tokens[token + ID] = id;
    tokens[token + NEXT] = after;
    if (after != NONE) {
      tokens[after + PREVIOUS] = token;
      link(token, table.rank(id, tokens[after + ID]));
    }
    int before = tokens[token + PREVIOUS];
    if (before >= 0) {
      unlink(before);
      link(before, table.rank(tokens[before + ID], id));
    }
  }

  private void link(int token, int rank) {
    tokens[token + RANK] = rank;
    if (rank == MergeTable.NONE) {
      return;
    }
    int tail = last[rank];
    tokens[token + PREVIOUS_OF_RANK] = tail;
    tokens[token + NEXT_OF_RANK] = NONE;
    last[rank] = token;
    if (tail == NONE) {
      first[rank] = token;
      ranksInUse[rank >> 6] |= 1L << rank;
      wordsInUse[rank >> 12] |= 1L << (rank >> 6);
    } else {
      tokens[tail + NEXT_OF_RANK] = token;
      isSorted[rank] &= tail < token;
    }
  }

  private void unlink(int token) {
    int rank = tokens[token + RANK];
    if (rank == MergeTable.NONE) {
      return;
    }
    tokens[token + RANK] = MergeTable.NONE;
    int before = tokens[token + PREVIOUS_OF_RANK];
    int after = tokens[token + NEXT_OF_RANK];
    if (before == NONE) {
      first[rank] = after;
    } else {
      tokens[before + NEXT_OF_RANK] = after;
    }
    if (after == NONE) {
      last[rank] = before;
    } else {
      tokens[after + PREVIOUS_OF_RANK] = before;
    }
    if (before == NONE && after == NONE) {
      free(rank);
    }
  }

  private void free(int rank) {
    isSorted[rank] = true;
    ranksInUse[rank >> 6] &= ~(1L << rank);
    if (ranksInUse[rank >> 6] == 0) {
      wordsInUse[rank >> 12] &= ~(1L << (rank >> 6));
    }
  }

  private int lowest() {
    for (int i = 0; i < wordsInUse.length; i++) {
      if (wordsInUse[i] != 0) {
        int word = (i << 6) + Long.numberOfTrailingZeros(wordsInUse[i]);
        return (word << 6) + Long.numberOfTrailingZeros(ranksInUse[word]);
      }
    }
    return NONE;
  }

  private void sort(int rank) {
    int count = 0;
    for (int token = first[rank]; token != NONE; token = tokens[token + NEXT_OF_RANK]) {
      if (count == sorting.length) {
        sorting = Arrays.copyOf(sorting, 2 * count);
      }
      sorting[count++] = token;
    }
    Arrays.sort(sorting, 0, count);
    int before = NONE;
    for (int i = 0; i < count; i++) {
      int token = sorting[i];
      tokens[token + PREVIOUS_OF_RANK] = before;
      tokens[token + NEXT_OF_RANK] = i + 1 < count ? sorting[i + 1] : NONE;
      before = token;
    }
    first[rank] = sorting[0];
    last[rank] = before;
    isSorted[rank] = true;
  }

  private void fit(int length) {
    int kept = KEPT_BYTES * FIELDS;
    int needed = length * FIELDS;
    if (tokens.length >= needed && (tokens.length <= kept || needed > kept)) {
      return;
    }
    tokens = new int[needed > kept ? needed : Math.min(kept, 2 * needed)];
    sorting = new int[64];
  }
}
