package io.sparkformer.datasets.tokenizer;

import java.util.Arrays;

/** Tokens that merges do not lead to: pieces are these only as a whole. */
final class WholeTokens {

  private static final int NONE = -1;

  private final byte[][] tokens;
  private final int[] slots;
  private int size;
  private int longest;

  private WholeTokens(byte[][] tokens, int room) {
    this.tokens = tokens;
    this.slots = new int[Integer.highestOneBit(Math.max(4, room)) * 4];
    Arrays.fill(slots, NONE);
  }

  /** Those among a model's tokens whose bytes are merged into others. */
  static WholeTokens of(byte[][] tokens, MergeTable table) {
    ShortMerge merge = new ShortMerge(table);
    LongMerge longMerge = new LongMerge(table);
    int[] found = new int[16];
    int count = 0;
    for (int id = 0; id < tokens.length; id++) {
      byte[] bytes = tokens[id];
      boolean isLong = bytes.length > ShortMerge.MAX_BYTES;
      if (bytes.length == 0) {
        continue;
      }
      int parts =
          isLong ? longMerge.merge(bytes, 0, bytes.length) : merge.merge(bytes, 0, bytes.length);
      if (parts > 1 || (isLong ? longMerge.ids()[0] : merge.ids()[0]) != id) {
        if (count == found.length) {
          found = Arrays.copyOf(found, 2 * count);
        }
        found[count++] = id;
      }
    }
    WholeTokens all = new WholeTokens(tokens, count);
    for (int i = 0; i < count; i++) {
      all.put(found[i]);
    }
    return all;
  }

  /** None, for models that know no such. */
  static WholeTokens none() {
    return new WholeTokens(new byte[0][], 0);
  }

  int size() {
    return size;
  }

  /** The id of a piece, -1 if it is no such token. */
  int id(byte[] bytes, int from, int to) {
    if (to - from > longest) {
      return NONE;
    }
    for (int slot = slot(bytes, from, to); slots[slot] != NONE; slot = following(slot)) {
      byte[] token = tokens[slots[slot]];
      if (Arrays.equals(token, 0, token.length, bytes, from, to)) {
        return slots[slot];
      }
    }
    return NONE;
  }

  private void put(int id) {
    byte[] token = tokens[id];
    int slot = slot(token, 0, token.length);
    while (slots[slot] != NONE) {
      slot = following(slot);
    }
    slots[slot] = id;
    size++;
    longest = Math.max(longest, token.length);
  }

  private int slot(byte[] bytes, int from, int to) {
    int hash = 0;
    for (int i = from; i < to; i++) {
      hash = 31 * hash + bytes[i];
    }
    return (hash ^ hash >>> 16) & slots.length - 1;
  }

  private int following(int slot) {
    return slot + 1 & slots.length - 1;
  }
}
