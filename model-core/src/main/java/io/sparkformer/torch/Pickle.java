package io.sparkformer.torch;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes a Python object in pickle protocol 2, operation by operation.
 *
 * <p>Source: the opcodes in Python's pickletools, of which PyTorch's TorchScript reader knows the
 * ones here.
 */
final class Pickle {

  private final ByteArrayOutputStream out = new ByteArrayOutputStream();

  Pickle() {
    out.write(0x80); // PROTO
    out.write(2);
  }

  Pickle global(String module, String name) {
    return op('c').bytes((module + "\n" + name + "\n").getBytes(StandardCharsets.US_ASCII));
  }

  Pickle emptyTuple() {
    return op(')');
  }

  Pickle newObject() {
    return op(0x81);
  }

  Pickle emptyDictionary() {
    return op('}');
  }

  Pickle mark() {
    return op('(');
  }

  /** Puts the pairs since the mark into the dictionary before it. */
  Pickle setItems() {
    return op('u');
  }

  /** Gives the object its state. */
  Pickle build() {
    return op('b');
  }

  /** Of what follows the mark. */
  Pickle tuple() {
    return op('t');
  }

  Pickle tuple(List<Integer> values) {
    mark();
    values.forEach(this::value);
    return tuple();
  }

  /** Calls a global with the tuple above it. */
  Pickle reduce() {
    return op('R');
  }

  /** What the tuple stands for, which the reader knows. */
  Pickle persistent() {
    return op('Q');
  }

  /**
   * A plain value.
   *
   * @param value Boolean, Integer, Double or String
   */
  Pickle value(Object value) {
    if (value instanceof Boolean flag) {
      return op(flag ? 0x88 : 0x89);
    }
    if (value instanceof Integer number) {
      return op('J').bytes(littleEndian(number));
    }
    if (value instanceof Double number) { // big-endian
      return op('G').bytes(ByteBuffer.allocate(Double.BYTES).putDouble(number).array());
    }
    return string((String) value);
  }

  Pickle string(String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return op('X').bytes(littleEndian(utf8.length)).bytes(utf8);
  }

  /** The whole pickle, ended. */
  byte[] bytes() {
    op('.');
    return out.toByteArray();
  }

  private Pickle op(int code) {
    out.write(code);
    return this;
  }

  private Pickle bytes(byte[] bytes) {
    out.writeBytes(bytes);
    return this;
  }

  private static byte[] littleEndian(int value) {
    return ByteBuffer.allocate(Integer.BYTES).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array();
  }
}
