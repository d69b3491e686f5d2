package io.sparkformer.gguf;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * A GGUF file as its specification has it, read without the writer's classes.
 *
 * @param version of the format
 * @param metadata Integer, Float, Boolean, String or a List of them
 * @param tensors in the order of the file
 * @param dataStart where the numbers begin
 * @param fileBytes size of the file
 */
record GgufReading(
    int version,
    Map<String, Object> metadata,
    Map<String, Tensor> tensors,
    int dataStart,
    int fileBytes) {

  /**
   * A tensor.
   *
   * @param sizes innermost first
   * @param type ggml's number of it
   * @param offset from the start of the numbers
   * @param numbers widened
   */
  record Tensor(List<Long> sizes, int type, long offset, List<Float> numbers) {}

  private record Info(String name, List<Long> sizes, int type, long offset) {}

  static GgufReading of(Path file) throws IOException {
    ByteBuffer in = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    byte[] magic = new byte[4];
    in.get(magic);
    if (!new String(magic, StandardCharsets.US_ASCII).equals("GGUF")) {
      throw new IOException("the file does not begin with GGUF");
    }
    int version = in.getInt();
    long tensorCount = in.getLong();
    long pairs = in.getLong();
    Map<String, Object> metadata = new LinkedHashMap<>();
    for (long i = 0; i < pairs; i++) {
      String key = string(in);
      if (metadata.put(key, value(in, in.getInt())) != null) {
        throw new IOException(key + " is there twice");
      }
    }
    List<Info> infos = new ArrayList<>();
    for (long i = 0; i < tensorCount; i++) {
      String name = string(in);
      List<Long> sizes = new ArrayList<>();
      for (int dimension = in.getInt(); dimension > 0; dimension--) {
        sizes.add(in.getLong());
      }
      infos.add(new Info(name, sizes, in.getInt(), in.getLong()));
    }
    int dataStart = (in.position() + 31) / 32 * 32;
    Map<String, Tensor> tensors = new LinkedHashMap<>();
    for (Info info : infos) {
      in.position(Math.toIntExact(dataStart + info.offset()));
      long count = info.sizes().stream().reduce(1L, (a, b) -> a * b);
      List<Float> numbers = new ArrayList<>();
      for (long i = 0; i < count; i++) {
        numbers.add(number(in, info.type()));
      }
      tensors.put(info.name(), new Tensor(info.sizes(), info.type(), info.offset(), numbers));
    }
    return new GgufReading(version, metadata, tensors, dataStart, in.capacity());
  }

  private static float number(ByteBuffer in, int type) {
    return switch (type) {
      case 0 -> in.getFloat();
      case 1 -> SixteenBits.ofFloat16(in.getShort() & 0xFFFF);
      case 30 -> SixteenBits.ofBfloat16(in.getShort() & 0xFFFF);
      default -> throw new IllegalStateException("type " + type);
    };
  }

  private static Object value(ByteBuffer in, int type) {
    return switch (type) {
      case 4, 5 -> in.getInt();
      case 6 -> in.getFloat();
      case 7 -> in.get() == 1;
      case 8 -> string(in);
      case 9 -> {
        int of = in.getInt();
        List<Object> values = new ArrayList<>();
        for (long left = in.getLong(); left > 0; left--) {
          values.add(value(in, of));
        }
        yield values;
      }
      default -> throw new IllegalStateException("type " + type);
    };
  }

  private static String string(ByteBuffer in) {
    byte[] utf8 = new byte[Math.toIntExact(in.getLong())];
    in.get(utf8);
    return new String(utf8, StandardCharsets.UTF_8);
  }
}
