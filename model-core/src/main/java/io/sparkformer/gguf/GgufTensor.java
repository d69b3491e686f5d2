package io.sparkformer.gguf;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import io.sparkformer.safetensors.NumberFormat;
import io.sparkformer.safetensors.TensorBytes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.WritableByteChannel;
import java.util.Optional;

/**
 * A tensor of a GGUF file.
 *
 * @param name GGUF's
 * @param type of its numbers
 * @param rows outer size; 1 of a vector
 * @param columns inner size, that of numbers which follow each other
 * @param dimensions 1 or 2
 * @param source where the numbers are; zeros, if nowhere
 */
record GgufTensor(
    String name,
    NumberFormat type,
    long rows,
    long columns,
    int dimensions,
    Optional<Source> source) {

  /** Numbers that are converted at a time. */
  private static final long CHUNK = 1 << 20;

  /**
   * A weight of a model.
   *
   * @param name the model's
   * @param array float32
   */
  record Source(String name, NDArray array, Layout layout) {}

  /** How a weight lies in the model. */
  enum Layout {
    /** As in the file: [out, in], or a vector. */
    SAME,
    /** [in, out]. */
    TRANSPOSED
  }

  static GgufTensor matrix(String name, NumberFormat type, Source source) {
    long outer = source.array().getShape().get(0);
    long inner = source.array().getShape().get(1);
    boolean same = source.layout() == Layout.SAME;
    return new GgufTensor(
        name, type, same ? outer : inner, same ? inner : outer, 2, Optional.of(source));
  }

  /** As float32, which llama.cpp's operators on vectors ask for. */
  static GgufTensor vector(String name, long size, Optional<Source> source) {
    return new GgufTensor(name, NumberFormat.FP32, 1, size, 1, source);
  }

  long bytes() {
    return rows * columns * type.bytes();
  }

  /** Writes the numbers, a few rows at a time: a tensor may have more than an array can. */
  void write(WritableByteChannel out, TensorBytes numbers) throws IOException {
    if (source.isEmpty()) {
      out.write(ByteBuffer.allocate(Math.toIntExact(bytes())));
      return;
    }
    long step = Math.max(1, CHUNK / columns);
    for (long from = 0; from < rows; from += step) {
      try (NDManager scratch = source.get().array().getManager().newSubManager()) {
        NDArray part = part(from, Math.min(rows, from + step));
        part.attach(scratch);
        out.write(numbers.of(part, 0, part.size(), type, source.get().name()));
      }
    }
  }

  private NDArray part(long from, long to) {
    NDArray array = source.orElseThrow().array();
    if (dimensions == 1) {
      return array.duplicate();
    }
    return source.get().layout() == Layout.SAME
        ? array.get(new NDIndex("{}:{}", from, to))
        : transposed(array.get(new NDIndex(":, {}:{}", from, to)));
  }

  private static NDArray transposed(NDArray part) {
    try (part) {
      return part.transpose();
    }
  }
}
