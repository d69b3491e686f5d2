package io.sparkformer.datasets.pretokenizer;

import static io.sparkformer.datasets.pretokenizer.CharacterClasses.BEYOND_ASCII;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LENGTH_SHIFT;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LETTER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.LINE_END;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.NUMBER;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.OF_BYTE;
import static io.sparkformer.datasets.pretokenizer.CharacterClasses.WHITE;

/** Runs of characters of one kind, and what else the scanners share. */
final class Runs {

  private static final int KIND = LETTER | NUMBER | WHITE;
  private static final int KIND_OF_BYTE = KIND | BEYOND_ASCII;

  /** U+017F, the long s, which is an s where case does not matter. */
  private static final byte LONG_S_LEAD = (byte) 0xC5;

  private static final byte LONG_S_TAIL = (byte) 0xBF;

  private Runs() {}

  /** Where letters end. */
  static int letters(byte[] utf8, int from, int to) {
    return ofKind(utf8, from, to, LETTER);
  }

  /** Where symbols end: what is neither white space nor a letter nor a number. */
  static int symbols(byte[] utf8, int from, int to) {
    return ofKind(utf8, from, to, 0);
  }

  /** Where characters of a kind end: of letters, numbers, white space, or 0 for the others. */
  static int ofKind(byte[] utf8, int from, int to, int kind) {
    int at = from;
    while (true) {
      int flags = kind;
      while (at < to && (flags = OF_BYTE[utf8[at] & 0xFF] & KIND_OF_BYTE) == kind) {
        at++;
      }
      if (at == to || flags != BEYOND_ASCII) {
        return at;
      }
      int wide = CharacterClasses.beyondAscii(utf8, at, to);
      if ((wide & KIND) != kind) {
        return at;
      }
      at += wide >> LENGTH_SHIFT;
    }
  }

  /** Where characters with a flag end. */
  static int withFlag(byte[] utf8, int from, int to, int flag) {
    int at = from;
    while (true) {
      int flags = flag;
      while (at < to && ((flags = OF_BYTE[utf8[at] & 0xFF]) & flag) != 0) {
        at++;
      }
      if (at == to || flags != BEYOND_ASCII) {
        return at;
      }
      int wide = CharacterClasses.beyondAscii(utf8, at, to);
      if ((wide & flag) == 0) {
        return at;
      }
      at += wide >> LENGTH_SHIFT;
    }
  }

  /** Where at most {@code most} numbers end. */
  static int numbers(byte[] utf8, int from, int to, int most) {
    int at = from;
    for (int count = 0; count < most && at < to; count++) {
      int flags = CharacterClasses.at(utf8, at, to);
      if ((flags & NUMBER) == 0) {
        return at;
      }
      at += flags >> LENGTH_SHIFT;
    }
    return at;
  }

  /**
   * {@code \s+(?!\S)|\s+}: all white space up to the text's end, else all but its last character.
   */
  static int white(byte[] utf8, int from, int to) {
    int last = from;
    int at = from;
    while (at < to) {
      int flags = CharacterClasses.at(utf8, at, to);
      if ((flags & WHITE) == 0) {
        return last > from ? last : at;
      }
      last = at;
      at += flags >> LENGTH_SHIFT;
    }
    return at;
  }

  /**
   * {@code \s*[\r\n]+|\s+(?!\S)|\s+}: white space up to its last line end, else as {@link #white}.
   */
  static int lines(byte[] utf8, int from, int to) {
    int afterLineEnd = from;
    int last = from;
    int at = from;
    while (at < to) {
      int flags = CharacterClasses.at(utf8, at, to);
      if ((flags & WHITE) == 0) {
        break;
      }
      last = at;
      at += flags >> LENGTH_SHIFT;
      if ((flags & LINE_END) != 0) {
        afterLineEnd = at;
      }
    }
    if (afterLineEnd > from) {
      return afterLineEnd;
    }
    return at < to && last > from ? last : at;
  }

  /** The length of {@code (?i:'s|'t|'re|'ve|'m|'ll|'d)}; 0 if it is not there. */
  static int contraction(byte[] utf8, int from, int to) {
    if (from + 1 >= to || utf8[from] != '\'') {
      return 0;
    }
    int second = from + 2 < to ? utf8[from + 2] : 0;
    if (utf8[from + 1] == LONG_S_LEAD && second == LONG_S_TAIL) {
      return 3;
    }
    return contraction(lower(utf8[from + 1]), lower(second));
  }

  /** The length of a contraction with these letters after the apostrophe. */
  static int contraction(int first, int second) {
    return switch (first) {
      case 's', 't', 'm', 'd' -> 2;
      case 'r', 'v' -> second == 'e' ? 3 : 0;
      case 'l' -> second == 'l' ? 3 : 0;
      default -> 0;
    };
  }

  private static int lower(int b) {
    return b >= 'A' && b <= 'Z' ? b | 0x20 : b;
  }
}
