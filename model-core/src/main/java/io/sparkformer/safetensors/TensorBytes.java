package io.sparkformer.safetensors;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.torch.TorchArchive;
import io.sparkformer.torch.TorchEngine;
import io.sparkformer.torch.TorchModule;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Numbers of any format as bytes, to and from arrays, a piece at a time.
 *
 * <p>By the engine's own conversions: DJL's arrays of bfloat16 end the process.
 */
public final class TensorBytes implements AutoCloseable {

  private static final List<String> SOURCES =
      List.of(TorchArchive.methods(TensorBytes.class, "bytes.py"));

  private final NDManager manager;
  private final TorchModule module;

  public TensorBytes() {
    this.manager = TorchEngine.get().newBaseManager(Device.cpu());
    this.module =
        TorchModule.load(
            manager, new TorchArchive(SOURCES, Map.of("training", false), Map.of()).bytes());
  }

  /**
   * Copies numbers into an array, converted to its type.
   *
   * @param first index of the first number in the array, row-major
   * @param bytes direct, little-endian, from 0 to its limit
   */
  void fill(NDArray target, long first, ByteBuffer bytes, NumberFormat format) {
    try (NDManager step = manager.newSubManager()) {
      NDArray piece = step.create(bytes, new Shape(bytes.limit()), DataType.UINT8);
      module.call(step, "fill", target, first, piece, format.torchCode());
    }
  }

  /**
   * Numbers of an array as little-endian bytes, rounded to the nearest.
   *
   * @param first index of the first number in the array, row-major
   * @param tensor named in the message
   * @throws io.sparkformer.datasets.InvalidInputException if a finite number would be infinite
   */
  public ByteBuffer of(NDArray source, long first, long count, NumberFormat format, String tensor) {
    try (NDManager step = manager.newSubManager()) {
      if (format.bytes() < Float.BYTES) {
        float largest =
            module.call(step, "largest_lost", source, first, count, format.torchCode())
                .toFloatArray()[0];
        require(
            largest == 0,
            "tensor '%s' has a number of size %s, which is too large for %s: pass --dtype fp32%s",
            tensor,
            largest,
            format.name().toLowerCase(Locale.ROOT),
            format == NumberFormat.FP16 ? " or bf16" : "");
      }
      return module.call(step, "convert", source, first, count, format.torchCode()).toByteBuffer();
    }
  }

  @Override
  public void close() {
    module.close();
    manager.close();
  }
}
