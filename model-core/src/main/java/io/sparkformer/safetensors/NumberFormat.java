package io.sparkformer.safetensors;

import java.util.Arrays;
import java.util.Optional;

/** Number formats of stored tensors that arrays are filled from. */
public enum NumberFormat {
  /** IEEE single precision. */
  FP32("F32", "float32", 6, 4),
  /** IEEE half precision, up to 65,504. */
  FP16("F16", "float16", 5, 2),
  /** The upper half of a single. */
  BF16("BF16", "bfloat16", 15, 2),
  /** IEEE double precision. */
  FP64("F64", "float64", 7, 8);

  private final String key;
  private final String torchName;
  private final long torchCode;
  private final int bytes;

  NumberFormat(String key, String torchName, long torchCode, int bytes) {
    this.key = key;
    this.torchName = torchName;
    this.torchCode = torchCode;
    this.bytes = bytes;
  }

  /** Its name in a file's header. */
  String key() {
    return key;
  }

  /** PyTorch's name, as configs have it. */
  public String torchName() {
    return torchName;
  }

  /** The engine's number of it (c10/core/ScalarType.h). */
  long torchCode() {
    return torchCode;
  }

  /** Of one number. */
  public int bytes() {
    return bytes;
  }

  static Optional<NumberFormat> of(String key) {
    return Arrays.stream(values()).filter(format -> format.key.equals(key)).findFirst();
  }
}
