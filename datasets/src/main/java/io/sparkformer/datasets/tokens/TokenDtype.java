package io.sparkformer.datasets.tokens;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;
import io.sparkformer.datasets.InvalidInputException;
import java.nio.ByteBuffer;
import java.util.Locale;

/**
 * How a token is stored: little-endian, with the type codes of Megatron-LM's indexed data set.
 *
 * <p>The format also knows 1 uint8, 2 int8, 3 int16, 5 int64, 6 float64 and 7 float32, which hold
 * no tokens in practice.
 */
public enum TokenDtype {
  UINT16(8, Short.BYTES) {
    @Override
    public int tokenAt(ByteBuffer bytes, int byteOffset) {
      return Short.toUnsignedInt(bytes.getShort(byteOffset));
    }

    @Override
    int encode(int[] tokens, int from, int to, byte[] out) {
      int at = 0;
      for (int i = from; i < to; i++) {
        int token = tokens[i];
        out[at++] = (byte) token;
        out[at++] = (byte) (token >>> 8);
      }
      return at;
    }

    @Override
    public int maxToken() {
      return 0xFFFF;
    }
  },
  INT32(4, Integer.BYTES) {
    @Override
    public int tokenAt(ByteBuffer bytes, int byteOffset) {
      return bytes.getInt(byteOffset);
    }

    @Override
    int encode(int[] tokens, int from, int to, byte[] out) {
      int at = 0;
      for (int i = from; i < to; i++) {
        int token = tokens[i];
        out[at++] = (byte) token;
        out[at++] = (byte) (token >>> 8);
        out[at++] = (byte) (token >>> 16);
        out[at++] = (byte) (token >>> 24);
      }
      return at;
    }

    @Override
    public int maxToken() {
      return Integer.MAX_VALUE;
    }
  };

  /** Megatron's bound: vocabularies below it are stored in 16 bits. */
  private static final int UINT16_VOCAB_BOUND = 65_500;

  private final int code;
  private final int byteWidth;

  TokenDtype(int code, int byteWidth) {
    this.code = code;
    this.byteWidth = byteWidth;
  }

  /** The type for a vocabulary, by Megatron's rule: uint16 below 65,500 tokens, else int32. */
  public static TokenDtype forVocabSize(int vocabSize) {
    return vocabSize < UINT16_VOCAB_BOUND ? UINT16 : INT32;
  }

  static TokenDtype ofCode(int code, String file) {
    for (TokenDtype dtype : values()) {
      if (dtype.code == code) {
        return dtype;
      }
    }
    throw new InvalidInputException(
        String.format(
            "%s: dtype code %d is not supported: write the data set again as uint16 (8) or int32 (4)",
            file, code));
  }

  @JsonCreator
  static TokenDtype ofName(String name) {
    for (TokenDtype dtype : values()) {
      if (dtype.label().equals(name)) {
        return dtype;
      }
    }
    throw new InvalidInputException(
        String.format(
            "dtype '%s' is not supported: write the data set again as uint16 or int32", name));
  }

  /** The name as numpy has it. */
  @JsonValue
  public String label() {
    return name().toLowerCase(Locale.ROOT);
  }

  public int byteWidth() {
    return byteWidth;
  }

  int code() {
    return code;
  }

  /** The largest token that this type holds; the smallest is 0. */
  public abstract int maxToken();

  /** Reads one token from a little-endian buffer. */
  public abstract int tokenAt(ByteBuffer bytes, int byteOffset);

  /** Writes tokens from..to to the start of {@code out} and returns the number of bytes. */
  abstract int encode(int[] tokens, int from, int to, byte[] out);
}
