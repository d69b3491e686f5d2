package io.sparkformer.datasets.tokenizer;

import java.util.Arrays;

/**
 * The rank of every pair of ids that merges.
 *
 * <p>Open addressing in one array: a slot holds left, right and rank. Of a pair that is listed
 * twice the later rank counts, as in HuggingFace's library.
 */
final class MergeTable {

  /** The rank of a pair that does not merge; above all ranks. */
  static final int NONE = Integer.MAX_VALUE;

  /** Ids are below this. */
  static final int MAX_IDS = 1 << 20;

  private static final int ID_BITS = 20;
  private static final int RANK_BITS = 22;
  private static final int RANK_MASK = (1 << RANK_BITS) - 1;
  private static final int BYTES = 256;
  private static final long FREE = -1;
  private static final long MIX = 0x9E3779B97F4A7C15L;

  private final long[] slots;
  private final int shift;
  private final int[] merged;
  private final int[] idOfByte;
  private final int[] rankOfBytes = new int[BYTES * BYTES];

  private MergeTable(BpeModel.Merges merges, int[] idOfByte) {
    int bits = Math.max(4, Integer.SIZE - Integer.numberOfLeadingZeros(2 * merges.left().length));
    this.slots = new long[1 << bits];
    this.shift = Long.SIZE - bits;
    this.merged = merges.merged();
    this.idOfByte = idOfByte;
    Arrays.fill(slots, FREE);
    for (int rank = 0; rank < merged.length; rank++) {
      put(merges.left()[rank], merges.right()[rank], rank);
    }
    for (int left = 0; left < BYTES; left++) {
      for (int right = 0; right < BYTES; right++) {
        rankOfBytes[left * BYTES + right] = rank(idOfByte[left], idOfByte[right]);
      }
    }
  }

  /**
   * A table.
   *
   * @param merges fewer than 2^22, of ids below {@link #MAX_IDS}
   * @param idOfByte the token of each byte
   */
  static MergeTable of(BpeModel.Merges merges, int[] idOfByte) {
    return new MergeTable(merges, idOfByte);
  }

  static int maxMerges() {
    return RANK_MASK;
  }

  private void put(int left, int right, int rank) {
    long pair = (long) left << ID_BITS | right;
    int slot = slot(pair);
    while (slots[slot] != FREE && slots[slot] >>> RANK_BITS != pair) {
      slot = slot + 1 & slots.length - 1;
    }
    slots[slot] = pair << RANK_BITS | rank;
  }

  private int slot(long pair) {
    return (int) ((pair * MIX) >>> shift);
  }

  /** The rank of a pair, {@link #NONE} if it does not merge. */
  int rank(int left, int right) {
    long pair = (long) left << ID_BITS | right;
    int slot = slot(pair);
    while (true) {
      long found = slots[slot];
      if (found >>> RANK_BITS == pair) {
        return (int) found & RANK_MASK;
      }
      if (found == FREE) {
        return NONE;
      }
      slot = slot + 1 & slots.length - 1;
    }
  }

  /** The rank of the tokens of two bytes. */
  int rankOfBytes(byte left, byte right) {
    return rankOfBytes[(left & 0xFF) * BYTES + (right & 0xFF)];
  }

  int idOfByte(byte b) {
    return idOfByte[b & 0xFF];
  }

  /** The id that the pair of a rank becomes. */
  int merged(int rank) {
    return merged[rank];
  }

  int ranks() {
    return merged.length;
  }
}
