package io.sparkformer.gguf;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.model.Activation;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelConfig.FeedForward;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.model.ModelConfig.Norm;
import io.sparkformer.model.ModelConfig.Positions;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.fs.Path;

/**
 * What GGUF's architecture {@code gpt2} can say of a model: GPT-2's form, with or without biases.
 */
final class GgufForm {

  private final List<String> others = new ArrayList<>();

  private GgufForm(ModelConfig config) {
    expect("head.kind", config.head().kind(), Head.Kind.LANGUAGE_MODEL);
    if (!config.head().isClassifier()) {
      expectHead(config.head());
    }
    if (config.numLayers() == 0) {
      others.add("model.num-layers is 0, not at least 1");
    }
    expect("mask", config.mask(), Mask.CAUSAL);
    expect("positions", config.positions(), Positions.LEARNED);
    expect("norm", config.norm(), Norm.PRE);
    expect("residual", config.residual(), true);
    expect("attention-projection", config.attentionProjection(), true);
    expect("feed-forward", config.feedForward(), FeedForward.MLP);
    if (config.feedForward() != FeedForward.NONE) {
      expect("activation", config.activation(), Activation.GELU_TANH);
    }
    if (config.numLayers() > 0) {
      expectWidths(config);
    }
  }

  private void expectHead(Head head) {
    if (head.output() == Head.Output.IDENTITY) {
      others.add("model.head.output is identity, not tied or own");
    }
    expect("head.bias", head.bias(), false);
  }

  private void expectWidths(ModelConfig config) {
    if (config.numHeads() * (long) config.headDim() != config.embeddingDim()) {
      others.add(
          String.format(
              "model.head-dim is %d, not model.embedding-dim / model.num-heads (%d / %d)",
              config.headDim(), config.embeddingDim(), config.numHeads()));
    }
    expect("value-dim", config.valueDim(), config.headDim());
  }

  private void expect(String key, Object value, Object needed) {
    if (!value.equals(needed)) {
      others.add(String.format("model.%s is %s, not %s", key, shown(value), shown(needed)));
    }
  }

  private static String shown(Object value) {
    return value.toString().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * Makes sure that a model can be written.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if not, with all that stands against it
   */
  static void requireSayable(ModelConfig config, Path model) {
    List<String> others = new GgufForm(config).others;
    require(
        others.isEmpty(),
        "%s cannot be written as GGUF, which knows GPT-2's form alone: %s: train a language model of that form,"
            + " or pass --format torchscript",
        model,
        String.join("; ", others));
  }
}
