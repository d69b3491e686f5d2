package io.sparkformer.model;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.util.Map;

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
  void fill(ModelConfig config, Map<String, NDArray> weights) {
    weights.forEach(
        (name, weight) -> {
          boolean norm = name.contains("ln_") || name.contains(".norm.");
          if (norm && name.endsWith(".weight")) {
            weight.addi(1f);
          } else if (!norm) {
            fill(config, name, weight, weights);
          }
        });
  }

  private void fill(ModelConfig config, String name, NDArray weight, Map<String, NDArray> weights) {
    boolean matrix = weight.getShape().dimension() > 1;
    // Drawn on the CPU, so that every device starts from the same weights.
    try (NDManager scratch = weight.getManager().newSubManager(Device.cpu())) {
      if (this == GPT2 && matrix) {
        boolean residual = name.endsWith("c_proj.weight");
        double stddev = residual ? STDDEV / Math.sqrt(2.0 * config.numLayers()) : STDDEV;
        scratch
            .randomNormal(0f, (float) stddev, weight.getShape(), DataType.FLOAT32)
            .copyTo(weight);
      } else if (this == PYTORCH && isEmbedding(name)) {
        scratch.randomNormal(0f, 1f, weight.getShape(), DataType.FLOAT32).copyTo(weight);
      } else if (this == PYTORCH) {
        String ofMatrix = name.replaceFirst("bias$", "weight");
        double bound = 1 / Math.sqrt((double) inputs(ofMatrix, weights.get(ofMatrix).getShape()));
        scratch
            .randomUniform((float) -bound, (float) bound, weight.getShape(), DataType.FLOAT32)
            .copyTo(weight);
      }
    }
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
