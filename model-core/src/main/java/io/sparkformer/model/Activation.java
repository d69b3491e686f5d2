package io.sparkformer.model;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sparkformer.datasets.InvalidInputException;
import java.util.Arrays;
import java.util.Map;

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

  /** What transformers computes in another way. */
  private static final Map<String, Activation> OTHER_NAMES =
      Map.of(
          "gelu_python", GELU,
          "gelu_accurate", GELU_TANH,
          "gelu_python_tanh", GELU_TANH,
          "gelu_fast", GELU_TANH,
          "gelu_pytorch_tanh", GELU_TANH);

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
    if (OTHER_NAMES.containsKey(name)) {
      return OTHER_NAMES.get(name);
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
