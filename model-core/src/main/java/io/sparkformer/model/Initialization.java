package io.sparkformer.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** How a model's weights begin; norms are one, and without bias, in all. */
public enum Initialization {
  /**
   * GPT-2's: normal with deviation 0.02, the matrices that write to the residual stream 0.02 /
   * sqrt(2 numLayers); biases zero.
   */
  @JsonProperty("gpt2")
  GPT2,
  /**
   * The defaults of PyTorch's layers: embeddings standard normal; matrices and biases uniform
   * within 1 / sqrt(inputs).
   */
  @JsonProperty("pytorch")
  PYTORCH;

  private static final double STDDEV = 0.02;

  /** Fills weights that are all zero. */
  void fill(ModelConfig config, Map<String, NDArray> weights, Kernels kernels) {
    weights.forEach(
        (name, weight) -> {
          boolean norm = name.contains("ln_") || name.contains(".norm.");
          if (norm && name.endsWith(".weight")) {
            weight.addi(1f);
          } else if (!norm) {
            try (NDManager scratch = weight.getManager().newSubManager(Device.cpu())) {
              // Drawn on the CPU, so that every device starts from the same weights.
              drawn(config, name, weight.getShape(), weights, scratch)
                  .ifPresent(from -> kernels.copy(scratch, List.of(weight), List.of(from)));
            }
          }
        });
  }

  private Optional<NDArray> drawn(
      ModelConfig config, String name, Shape shape, Map<String, NDArray> weights, NDManager on) {
    if (this == GPT2 && shape.dimension() > 1) {
      boolean residual = name.endsWith("c_proj.weight");
      double stddev = residual ? STDDEV / Math.sqrt(2.0 * config.numLayers()) : STDDEV;
      return Optional.of(on.randomNormal(0f, (float) stddev, shape, DataType.FLOAT32));
    }
    if (this == PYTORCH && isEmbedding(name)) {
      return Optional.of(on.randomNormal(0f, 1f, shape, DataType.FLOAT32));
    }
    if (this == PYTORCH) {
      String ofMatrix = name.replaceFirst("bias$", "weight");
      double bound = 1 / Math.sqrt((double) inputs(ofMatrix, weights.get(ofMatrix).getShape()));
      return Optional.of(on.randomUniform((float) -bound, (float) bound, shape, DataType.FLOAT32));
    }
    return Optional.empty();
  }

  private static boolean isEmbedding(String name) {
    return name.contains(".wte.") || name.contains(".wpe.");
  }

  /** Matrices of blocks are [in, out], others, but a deeper head's first, [out, in]. */
  private static long inputs(String matrix, Shape shape) {
    boolean inOut = matrix.startsWith("transformer.h.") || matrix.endsWith(".dense.weight");
    return inOut ? shape.get(0) : shape.get(1);
  }
}
