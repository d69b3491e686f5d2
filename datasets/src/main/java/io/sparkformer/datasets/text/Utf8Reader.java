package io.sparkformer.datasets.text;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/**
 * Decodes a byte range of a UTF-8 file, so that consecutive ranges of any size give what the file
 * gives as one.
 *
 * <p>A range's bounds are both moved forward past at most three continuation bytes. No character
 * reaches further over a bound than that, so neighbours agree, without looking at each other, on
 * whose a character is.
 *
 * <p>Malformed bytes become U+FFFD, one per malformed part as Java's decoder has it, and are
 * counted; whether they are an error is for the caller to say. A byte order mark is an ordinary
 * character, as to Python's utf-8 codec. For one thread.
 */
public final class Utf8Reader implements Closeable {

  private static final int BLOCK_BYTES = 1 << 16;
  private static final int MAX_MOVE_BYTES = 3;
  private static final int REPLACEMENT = 0xFFFD;

  private final InputStream in;
  private final long endByte;
  private final byte[] block = new byte[BLOCK_BYTES];
  private int position;
  private int limit;
  private long blockStartByte;
  private boolean exhausted;
  private long malformed;
  private long firstMalformedByte;
  private int firstMalformedValue;

  private Utf8Reader(InputStream in, long startByte, long endByte) {
    this.in = in;
    this.blockStartByte = startByte;
    this.endByte = endByte;
  }

  /**
   * A reader of a range.
   *
   * @param in stands at startByte; closed with the reader
   * @param startByte the range's first byte within the file
   * @param endByte the byte after the range
   */
  public static Utf8Reader over(InputStream in, long startByte, long endByte) throws IOException {
    Utf8Reader reader = new Utf8Reader(in, startByte, endByte);
    reader.fill();
    if (startByte > 0) {
      reader.position = reader.continuationBytes(0);
    }
    return reader;
  }

  /**
   * Decodes the next code points.
   *
   * @param codePoints filled from its start
   * @return how many; -1 at the range's end
   */
  public int read(int[] codePoints) throws IOException {
    Objects.checkIndex(0, codePoints.length);
    int count = 0;
    while (count < codePoints.length) {
      count = ascii(codePoints, count);
      if (count == codePoints.length) {
        break;
      }
      if (limit - position <= MAX_MOVE_BYTES && !exhausted) {
        fill();
      }
      if (position == limit) {
        break;
      }
      if (block[position] < 0) {
        codePoints[count++] = multiByte();
      }
    }
    return count == 0 ? -1 : count;
  }

  /** Malformed parts so far. */
  public long malformed() {
    return malformed;
  }

  /** Where in the file the first malformed part begins; meaningful if there is one. */
  public long firstMalformedByte() {
    return firstMalformedByte;
  }

  /** The first malformed part's first byte, 0 to 255; meaningful if there is one. */
  public int firstMalformedValue() {
    return firstMalformedValue;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private int ascii(int[] codePoints, int from) {
    int count = from;
    int at = position;
    int end = (int) Math.min(limit, (long) position + codePoints.length - from);
    while (at < end && block[at] >= 0) {
      codePoints[count++] = block[at++];
    }
    position = at;
    return count;
  }

  /**
   * Decodes the character at the position, which is not ASCII and, unless the range ends, is whole
   * in the block.
   */
  private int multiByte() {
    int lead = block[position] & 0xFF;
    int length = lead < 0xC2 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : lead < 0xF5 ? 4 : 1;
    int codePoint = lead & (0x7F >> length);
    int valid = 1;
    while (valid < length && position + valid < limit && isContinuation(block[position + valid])) {
      if (valid == 1 && !isSecond(lead, block[position + 1] & 0xFF)) {
        break;
      }
      codePoint = codePoint << 6 | (block[position + valid] & 0x3F);
      valid++;
    }
    boolean surrogate =
        length == 3 && codePoint >= Character.MIN_SURROGATE && codePoint <= Character.MAX_SURROGATE;
    if (length == 1 || valid < length || surrogate) {
      noteMalformed(lead);
      codePoint = REPLACEMENT;
    }
    position += valid;
    return codePoint;
  }

  /**
   * Whether a second byte excludes overlong forms and values above U+10FFFF (Unicode 15, table 3-7,
   * without surrogates).
   */
  private static boolean isSecond(int lead, int second) {
    return switch (lead) {
      case 0xE0 -> second >= 0xA0;
      case 0xF0 -> second >= 0x90;
      case 0xF4 -> second < 0x90;
      default -> true;
    };
  }

  private void noteMalformed(int lead) {
    if (malformed++ == 0) {
      firstMalformedByte = blockStartByte + position;
      firstMalformedValue = lead;
    }
  }

  /**
   * Moves what is left to the block's start and fills the block, up to the range's end as it is
   * moved.
   */
  private void fill() throws IOException {
    int left = limit - position;
    System.arraycopy(block, position, block, 0, left);
    blockStartByte += position;
    position = 0;
    limit = left;
    long wanted = Math.min(BLOCK_BYTES - MAX_MOVE_BYTES - left, endByte - blockStartByte - left);
    int got = in.readNBytes(block, limit, (int) wanted);
    limit += got;
    exhausted = got < wanted || blockStartByte + limit == endByte;
    if (exhausted) {
      int beyond = limit;
      limit += in.readNBytes(block, limit, MAX_MOVE_BYTES);
      limit = beyond + continuationBytes(beyond);
    }
  }

  private int continuationBytes(int from) {
    int count = 0;
    while (count < MAX_MOVE_BYTES && from + count < limit && isContinuation(block[from + count])) {
      count++;
    }
    return count;
  }

  private static boolean isContinuation(byte value) {
    return (value & 0xC0) == 0x80;
  }
}
