package io.sparkformer.safetensors;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.Arrays;
import org.apache.hadoop.fs.Path;

/**
 * A tensor in a file.
 *
 * @param name within the file
 * @param file where it is
 * @param position of its first byte in the file
 * @param dtype the format's name of a type: F32, F16, BF16, I64, ...
 * @param shape sizes, outermost first
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
public record StoredTensor(String name, Path file, long position, String dtype, long[] shape) {

  /** Its numbers. */
  public long size() {
    return Arrays.stream(shape).reduce(1, Math::multiplyExact);
  }

  /** Bytes of its numbers. */
  public long bytes() {
    return size() * format().bytes();
  }

  /**
   * The format of its numbers.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it is none that arrays are filled from
   */
  public NumberFormat format() {
    require(
        NumberFormat.of(dtype).isPresent(),
        "%s: tensor '%s' is of type %s: it must be F32, F16, BF16 or F64: save the model in one of them",
        file,
        name,
        dtype);
    return NumberFormat.of(dtype).orElseThrow();
  }

  /**
   * Its first rows.
   *
   * @param rows at most as many as it has
   */
  public StoredTensor first(long rows) {
    long[] fewer = shape.clone();
    fewer[0] = rows;
    return new StoredTensor(name, file, position, dtype, fewer);
  }

  /** Checks that its shape is what is asked for, before anything is read. */
  public void requireShape(long[] wanted) {
    require(
        Arrays.equals(shape, wanted),
        "%s: tensor '%s' has shape %s, the config asks for %s: the two are not of one model: copy both again from one place",
        file,
        name,
        Arrays.toString(shape),
        Arrays.toString(wanted));
  }
}
