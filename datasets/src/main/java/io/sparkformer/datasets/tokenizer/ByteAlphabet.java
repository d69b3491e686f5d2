package io.sparkformer.datasets.tokenizer;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Optional;

/**
 * The visible characters that stand for bytes in the files of byte-level vocabularies: GPT-2's
 * {@code bytes_to_unicode}.
 *
 * <p>The visible ones of Latin-1 stand for themselves, the others for those from U+0100 on.
 */
public final class ByteAlphabet {

  private static final int BYTES = 256;
  private static final int FIRST_SUBSTITUTE = 256;
  private static final char[] CHARACTERS = new char[BYTES];
  private static final byte[] GPT2_ORDER = new byte[BYTES];
  private static final short[] BYTE_OF = new short[2 * BYTES];
  private static final short NONE = -1;

  static {
    Arrays.fill(BYTE_OF, NONE);
    int rank = 0;
    for (int b = 0; b < BYTES; b++) {
      if (isVisible(b)) {
        CHARACTERS[b] = (char) b;
        GPT2_ORDER[rank++] = (byte) b;
      }
    }
    int substitute = FIRST_SUBSTITUTE;
    for (int b = 0; b < BYTES; b++) {
      if (!isVisible(b)) {
        CHARACTERS[b] = (char) substitute++;
        GPT2_ORDER[rank++] = (byte) b;
      }
      BYTE_OF[CHARACTERS[b]] = (short) b;
    }
  }

  private ByteAlphabet() {}

  /** The byte that GPT-2's vocabulary has at an id below 256. */
  public static byte byteOfGpt2Id(int id) {
    return GPT2_ORDER[id];
  }

  public static String text(byte[] bytes) {
    char[] text = new char[bytes.length];
    for (int i = 0; i < bytes.length; i++) {
      text[i] = CHARACTERS[bytes[i] & 0xFF];
    }
    return new String(text);
  }

  /** The bytes that a text stands for; empty if one of its characters stands for none. */
  static Optional<byte[]> bytes(String text) {
    byte[] bytes = new byte[text.length()];
    for (int i = 0; i < bytes.length; i++) {
      char c = text.charAt(i);
      if (c >= BYTE_OF.length || BYTE_OF[c] == NONE) {
        return Optional.empty();
      }
      bytes[i] = (byte) BYTE_OF[c];
    }
    return Optional.of(bytes);
  }

  /**
   * Whether the library's decoder gives back the text itself, as of added tokens: if each of its
   * characters stands for itself, or one for no byte.
   */
  public static boolean decodesToItself(String text) {
    return bytes(text)
        .map(bytes -> Arrays.equals(bytes, text.getBytes(StandardCharsets.UTF_8)))
        .orElse(true);
  }

  private static boolean isVisible(int b) {
    return (b >= '!' && b <= '~') || (b >= 0xA1 && b <= 0xFF && b != 0xAD);
  }
}
