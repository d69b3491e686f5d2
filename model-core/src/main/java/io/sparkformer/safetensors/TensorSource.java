package io.sparkformer.safetensors;

import ai.djl.ndarray.NDArray;
import java.util.Arrays;
import java.util.Optional;

/**
 * A tensor that is to be written.
 *
 * @param name in the file
 * @param shape sizes, outermost first
 * @param array its numbers, row-major; where it has fewer, zeros follow
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
public record TensorSource(String name, long[] shape, Optional<NDArray> array) {

  /** An array as it is. */
  public static TensorSource of(String name, NDArray array) {
    return new TensorSource(name, array.getShape().getShape(), Optional.of(array));
  }

  /** Zeros. */
  public static TensorSource zeros(String name, long... shape) {
    return new TensorSource(name, shape, Optional.empty());
  }

  /** The same with more rows, of zeros. */
  public TensorSource withZeroRows(long rows) {
    long[] taller = shape.clone();
    taller[0] += rows;
    return new TensorSource(name, taller, array);
  }

  long size() {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }
}
