package io.sparkformer.datasets.tokenizer;

import java.util.Arrays;

/**
 * Distinct byte strings, numbered in the order in which they came: a hash table in four arrays,
 * without an object for each.
 */
public final class ByteStrings {

  private static final int INITIAL_SLOTS = 1 << 10;
  private static final int EMPTY = -1;

  private byte[] blob = new byte[INITIAL_SLOTS];
  private int[] ends = new int[INITIAL_SLOTS / 2];
  private int[] hashes = new int[INITIAL_SLOTS / 2];
  private int[] slots = new int[INITIAL_SLOTS];
  private int size;

  public ByteStrings() {
    Arrays.fill(slots, EMPTY);
  }

  public int size() {
    return size;
  }

  /** Bytes of all strings together. */
  public int totalBytes() {
    return start(size);
  }

  /** The number of a string, -1 if it is not here. */
  int find(byte[] bytes, int from, int to) {
    return slots[slot(bytes, from, to, hash(bytes, from, to))];
  }

  /** The number of a string, which is {@link #size()} before the call if it is new. */
  public int add(byte[] bytes, int from, int to) {
    int hash = hash(bytes, from, to);
    int slot = slot(bytes, from, to, hash);
    return slots[slot] == EMPTY ? append(bytes, from, to, hash, slot) : slots[slot];
  }

  public byte[] get(int number) {
    return Arrays.copyOfRange(blob, start(number), ends[number]);
  }

  public int length(int number) {
    return ends[number] - start(number);
  }

  /** The number's hash, well mixed and the same in every JVM. */
  public int hash(int number) {
    return hashes[number];
  }

  /** Adds another's string here; its number. */
  public int addFrom(ByteStrings other, int number) {
    return add(other.blob, other.start(number), other.ends[number]);
  }

  /** Copies a string to an array. */
  public void copy(int number, byte[] to, int at) {
    System.arraycopy(blob, start(number), to, at, length(number));
  }

  /** Order of the unsigned bytes. */
  public int compare(int a, int b) {
    return Arrays.compareUnsigned(blob, start(a), ends[a], blob, start(b), ends[b]);
  }

  private int start(int number) {
    return number == 0 ? 0 : ends[number - 1];
  }

  private int slot(byte[] bytes, int from, int to, int hash) {
    int mask = slots.length - 1;
    int slot = hash & mask;
    while (slots[slot] != EMPTY && !is(slots[slot], bytes, from, to, hash)) {
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  private boolean is(int number, byte[] bytes, int from, int to, int hash) {
    return hashes[number] == hash
        && Arrays.equals(blob, start(number), ends[number], bytes, from, to);
  }

  private int append(byte[] bytes, int from, int to, int hash, int slot) {
    int start = start(size);
    int end = Math.addExact(start, to - from);
    if (end > blob.length) {
      blob = Arrays.copyOf(blob, grown(blob.length, end));
    }
    if (size == ends.length) {
      ends = Arrays.copyOf(ends, grown(size, size + 1));
      hashes = Arrays.copyOf(hashes, ends.length);
    }
    System.arraycopy(bytes, from, blob, start, to - from);
    ends[size] = end;
    hashes[size] = hash;
    slots[slot] = size;
    size++;
    if (2 * size > slots.length) {
      rehash();
    }
    return size - 1;
  }

  private static int grown(int length, int needed) {
    return (int) Math.max(needed, Math.min(2L * length, Integer.MAX_VALUE - 8L));
  }

  private void rehash() {
    slots = new int[Math.multiplyExact(2, slots.length)];
    Arrays.fill(slots, EMPTY);
    int mask = slots.length - 1;
    for (int number = 0; number < size; number++) {
      int slot = hashes[number] & mask;
      while (slots[slot] != EMPTY) {
        slot = (slot + 1) & mask;
      }
      slots[slot] = number;
    }
  }

  /** FNV-1a, finished as MurmurHash3 does: the low bits choose slots and partitions. */
  private static int hash(byte[] bytes, int from, int to) {
    int hash = 0x811C9DC5;
    for (int i = from; i < to; i++) {
      hash = (hash ^ (bytes[i] & 0xFF)) * 0x01000193;
    }
    hash ^= hash >>> 16;
    hash *= 0x85EBCA6B;
    hash ^= hash >>> 13;
    hash *= 0xC2B2AE35;
    return hash ^ (hash >>> 16);
  }
}
