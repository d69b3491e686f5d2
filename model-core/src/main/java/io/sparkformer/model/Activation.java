package io.sparkformer.model;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sparkformer.datasets.InvalidInputException;
import java.util.Arrays;

/** The feed-forward layer's non-linearity (Hendrycks and Gimpel 2016, arXiv:1606.08415). */
public enum Activation {
  /** GELU by its tanh approximation, as GPT-2 uses it. */
  @JsonProperty("gelu-tanh")
  GELU_TANH("tanh", "gelu_new"),
  /** GELU by the error function. */
  @JsonProperty("gelu")
  GELU("none", "gelu"),
  @JsonProperty("relu")
  RELU("relu", "relu");

  private final String kernel;
  private final String huggingFaceName;

  Activation(String kernel, String huggingFaceName) {
    this.kernel = kernel;
    this.huggingFaceName = huggingFaceName;
  }

  /** The kernels' word for it: relu, or the {@code approximate} argument of the engine's GELU. */
  String kernel() {
    return kernel;
  }

  /** The value of {@code activation_function} in a config.json. */
  String huggingFaceName() {
    return huggingFaceName;
  }

  static Activation ofHuggingFaceName(String name, String file) {
    if (name.equals("gelu_pytorch_tanh") || name.equals("gelu_fast")) {
      return GELU_TANH; // later names of the same function
    }
    return Arrays.stream(values())
        .filter(activation -> activation.huggingFaceName.equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidInputException(
                    String.format(
                        "%s: activation_function '%s' is not supported: it must be gelu_new, gelu or relu",
                        file, name)));
  }
}
