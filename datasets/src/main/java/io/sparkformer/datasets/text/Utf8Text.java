package io.sparkformer.datasets.text;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * UTF-8 in byte arrays: where it is malformed, and how many characters it has.
 *
 * <p>What is malformed, and how many parts it has, is as Java's decoder and the Unicode Standard's
 * recommendation have it (maximal subparts, each of which is replaced by one U+FFFD).
 */
public final class Utf8Text {

  private static final VarHandle LONGS =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
  private static final long HIGH_BITS = 0x8080808080808080L;
  private static final int MAX_CHARACTER_BYTES = 4;

  private Utf8Text() {}

  /** The first malformed byte in a range; its end if there is none. */
  public static int firstMalformed(byte[] bytes, int from, int to) {
    int at = from;
    while (at < to) {
      if (bytes[at] >= 0) {
        at = asciiEnd(bytes, at, to);
      } else {
        int length = length(bytes, at, to);
        if (length < 0) {
          return at;
        }
        at += length;
      }
    }
    return to;
  }

  /** The length of the malformed part that begins at an index that {@link #firstMalformed} gave. */
  public static int malformedBytes(byte[] bytes, int at, int to) {
    return -length(bytes, at, to);
  }

  /** Characters (code points) in a well-formed range. */
  public static int characters(byte[] bytes, int from, int to) {
    int continuations = 0;
    int at = from;
    for (; at + Long.BYTES <= to; at += Long.BYTES) {
      long eight = (long) LONGS.get(bytes, at);
      if ((eight & HIGH_BITS) != 0) {
        continuations += Long.bitCount(eight & ~(eight << 1) & HIGH_BITS);
      }
    }
    for (; at < to; at++) {
      continuations += isContinuation(bytes[at]) ? 1 : 0;
    }
    return to - from - continuations;
  }

  /** The index after a number of characters of a well-formed range that has more than that. */
  public static int skip(byte[] bytes, int from, long characters) {
    int at = from;
    for (long left = characters; left > 0; left--) {
      do {
        at++;
      } while (isContinuation(bytes[at]));
    }
    return at;
  }

  /**
   * The end of a range without a character at its end that may go on behind it.
   *
   * @return {@code to}, or up to three bytes less
   */
  public static int completeTo(byte[] bytes, int from, int to) {
    for (int at = to - 1; at >= Math.max(from, to - MAX_CHARACTER_BYTES + 1); at--) {
      if (!isContinuation(bytes[at])) {
        int lead = bytes[at] & 0xFF;
        int length = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
        return at + length > to ? at : to;
      }
    }
    return to;
  }

  private static int asciiEnd(byte[] bytes, int from, int to) {
    int at = from;
    while (at + Long.BYTES <= to) {
      long high = (long) LONGS.get(bytes, at) & HIGH_BITS;
      if (high != 0) {
        return at + (Long.numberOfTrailingZeros(high) >>> 3);
      }
      at += Long.BYTES;
    }
    while (at < to && bytes[at] >= 0) {
      at++;
    }
    return at;
  }

  /** Bytes of the character that is not ASCII at an index; the malformed part's, negated, if so. */
  private static int length(byte[] bytes, int at, int to) {
    int lead = bytes[at] & 0xFF;
    int length = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
    int valid = 1;
    while (valid < length
        && at + valid < to
        && isContinuation(bytes[at + valid])
        && (valid > 1 || isSecond(lead, bytes[at + 1] & 0xFF))) {
      valid++;
    }
    return length > 1 && valid == length ? length : -valid;
  }

  /**
   * Whether a continuation byte may follow a lead: no surrogates, overlong forms, or beyond
   * 0x10FFFF.
   */
  private static boolean isSecond(int lead, int second) {
    return switch (lead) {
      case 0xE0 -> second >= 0xA0;
      case 0xED -> second < 0xA0;
      case 0xF0 -> second >= 0x90;
      case 0xF4 -> second < 0x90;
      default -> true;
    };
  }

  private static boolean isContinuation(byte value) {
    return (value & 0xC0) == 0x80;
  }
}
