package io.sparkformer.datasets.tokenizer;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The tokens of short pieces that were merged before; of a fixed size.
 *
 * <p>An entry is two words of key, the bytes and their number, and two of tokens. A piece can be in
 * one of two entries, side by side: the first of them is the one that was used last, and a new
 * piece replaces the other.
 */
final class PieceCache {

  /** Longer pieces have no place. */
  static final int MAX_BYTES = 15;

  /** Pieces of more tokens have no place. */
  static final int MAX_TOKENS = 6;

  static final int ID_BITS = 20;
  static final int ID_MASK = (1 << ID_BITS) - 1;

  /** How many tokens {@link #get} may write, of which the last ones can be meaningless. */
  static final int SLACK = MAX_TOKENS;

  /** In the first word of tokens, below them. */
  private static final int COUNT_BITS = 4;

  private static final int COUNT_MASK = (1 << COUNT_BITS) - 1;
  private static final int ENTRY = 4;
  private static final int PLACES_BITS = 15;
  private static final int PLACE_BITS = 3;
  private static final int SHIFT = Long.SIZE - PLACES_BITS;
  private static final int LENGTH_SHIFT = 56;
  private static final long MIX = 0x9E3779B97F4A7C15L;
  private static final long MIX_HIGH = 0xC2B2AE3D27D4EB4FL;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Which bits of the first and of the second word belong to a piece of each length. */
  private static final long[] LOW_MASK = new long[MAX_BYTES + 1];

  private static final long[] HIGH_MASK = new long[MAX_BYTES + 1];

  static {
    for (int length = 1; length <= MAX_BYTES; length++) {
      LOW_MASK[length] = length >= Long.BYTES ? -1L : (1L << (8 * length)) - 1;
      HIGH_MASK[length] = length <= Long.BYTES ? 0 : (1L << (8 * (length - Long.BYTES))) - 1;
    }
  }

  private final long[] words = new long[1 << (PLACES_BITS + PLACE_BITS)];

  static int bytes() {
    return Long.BYTES << (PLACES_BITS + PLACE_BITS);
  }

  /** The first word of the key of a piece of up to {@link #MAX_BYTES} bytes. */
  static long low(byte[] bytes, int from, int length) {
    long word =
        from + Long.BYTES <= bytes.length
            ? (long) WORD.get(bytes, from)
            : tail(bytes, from, length);
    return word & LOW_MASK[length];
  }

  /** The second word. */
  static long high(byte[] bytes, int from, int length) {
    int at = from + Long.BYTES;
    long word = 0;
    if (at + Long.BYTES <= bytes.length) {
      word = (long) WORD.get(bytes, at) & HIGH_MASK[length];
    } else if (length > Long.BYTES) {
      word = tail(bytes, at, length - Long.BYTES) & HIGH_MASK[length];
    }
    return word | (long) length << LENGTH_SHIFT;
  }

  private static long tail(byte[] bytes, int from, int length) {
    long word = 0;
    for (int i = Math.min(length, Long.BYTES) - 1; i >= 0; i--) {
      word = word << 8 | (bytes[from + i] & 0xFF);
    }
    return word;
  }

  private static int place(long low, long high) {
    return (int) (((low ^ (high * MIX_HIGH)) * MIX) >>> SHIFT) << PLACE_BITS;
  }

  /**
   * Writes a piece's tokens, if it is here.
   *
   * @param into has room for {@link #SLACK} more
   * @return how many tokens it has; 0 if it is not here
   */
  int get(long low, long high, int[] into, int at) {
    int place = place(low, high);
    if ((words[place] != low || words[place + 1] != high) && !isSecond(place, low, high)) {
      return 0;
    }
    long tokens = words[place + 2];
    int count = (int) tokens & COUNT_MASK;
    into[at] = (int) (tokens >>> COUNT_BITS) & ID_MASK;
    into[at + 1] = (int) (tokens >>> (COUNT_BITS + ID_BITS)) & ID_MASK;
    if (count > 2) {
      into[at + 2] = (int) (tokens >>> (COUNT_BITS + 2 * ID_BITS));
      long more = words[place + 3];
      into[at + 3] = (int) more & ID_MASK;
      into[at + 4] = (int) (more >>> ID_BITS) & ID_MASK;
      into[at + 5] = (int) (more >>> (2 * ID_BITS));
    }
    return count;
  }

  /** Looks at a place's second entry, which becomes the first if it is the piece. */
  private boolean isSecond(int place, long low, long high) {
    int second = place + ENTRY;
    if (words[second] != low || words[second + 1] != high) {
      return false;
    }
    for (int i = place; i < second; i++) {
      long word = words[i];
      words[i] = words[i + ENTRY];
      words[i + ENTRY] = word;
    }
    return true;
  }

  /** Keeps the tokens of a piece, up to {@link #MAX_TOKENS}. */
  void put(long low, long high, int[] tokens, int count) {
    int place = place(low, high);
    System.arraycopy(words, place, words, place + ENTRY, ENTRY);
    words[place] = low;
    words[place + 1] = high;
    words[place + 2] = packed(tokens, 0, count) << COUNT_BITS | count;
    words[place + 3] = packed(tokens, 3, count);
  }

  private static long packed(int[] tokens, int from, int count) {
    long packed = 0;
    for (int i = Math.min(count, from + 3) - 1; i >= from; i--) {
      packed = packed << ID_BITS | tokens[i];
    }
    return packed;
  }
}
