package io.sparkformer.model;

import com.fasterxml.jackson.annotation.JsonProperty;

/** The number format of matrix products and activations; weights and optimizer stay float32. */
public enum Precision {
  /** float32 throughout. */
  @JsonProperty("fp32")
  FP32,
  /**
   * bfloat16 matrix products, activations and residual stream; float32 master weights, embedding
   * sums, loss, gradients and optimizer.
   */
  @JsonProperty("bf16")
  BF16
}
