package io.sparkformer.gguf;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Little-endian bytes of a GGUF header: the pairs of keys and values, and what they are made of.
 */
final class GgufMetadata {

  private static final int UINT32 = 4;
  private static final int INT32 = 5;
  private static final int FLOAT32 = 6;
  private static final int BOOL = 7;
  private static final int STRING = 8;
  private static final int ARRAY = 9;

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private long count;

  GgufMetadata put(String key, String value) {
    return key(key, STRING).string(value);
  }

  /** As an unsigned number. */
  GgufMetadata put(String key, int value) {
    return key(key, UINT32).int32(value);
  }

  GgufMetadata put(String key, float value) {
    return key(key, FLOAT32).int32(Float.floatToRawIntBits(value));
  }

  GgufMetadata put(String key, boolean value) {
    key(key, BOOL);
    bytes.write(value ? 1 : 0);
    return this;
  }

  GgufMetadata put(String key, List<String> values) {
    key(key, ARRAY).int32(STRING).int64(values.size());
    values.forEach(this::string);
    return this;
  }

  GgufMetadata put(String key, int[] values) {
    key(key, ARRAY).int32(INT32).int64(values.length);
    for (int value : values) {
      int32(value);
    }
    return this;
  }

  private GgufMetadata key(String key, int type) {
    count++;
    return string(key).int32(type);
  }

  /** Pairs so far. */
  long count() {
    return count;
  }

  GgufMetadata string(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    int64(utf8.length).bytes.writeBytes(utf8);
    return this;
  }

  GgufMetadata int32(int number) {
    bytes.writeBytes(buffer(Integer.BYTES).putInt(number).array());
    return this;
  }

  GgufMetadata int64(long number) {
    bytes.writeBytes(buffer(Long.BYTES).putLong(number).array());
    return this;
  }

  private static ByteBuffer buffer(int size) {
    return ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
  }

  byte[] bytes() {
    return bytes.toByteArray();
  }
}
