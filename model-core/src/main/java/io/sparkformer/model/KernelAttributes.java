package io.sparkformer.model;

import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.model.ModelConfig.Positions;
import java.util.LinkedHashMap;
import java.util.Map;

/** What the kernels' source text knows of a model: attributes of its class by name. */
final class KernelAttributes {

  private KernelAttributes() {}

  /** What forward.py asks for. */
  static Map<String, Object> forward(ModelConfig config, Precision precision) {
    WeightLayout layout = WeightLayout.of(config);
    Head head = config.head();
    Map<String, Object> attributes = new LinkedHashMap<>();
    attributes.put("training", false);
    attributes.put("num_layers", config.numLayers());
    attributes.put("num_heads", config.numHeads());
    attributes.put("head_dim", config.headDim());
    attributes.put("value_dim", config.valueDim());
    attributes.put("causal", config.mask() == Mask.CAUSAL);
    attributes.put("positions", config.positions() == Positions.LEARNED);
    attributes.put("residual", config.residual());
    attributes.put("bias", config.bias());
    attributes.put("qkv_bias", config.hasAttentionBias());
    attributes.put("head_bias", head.bias());
    attributes.put("pooling", pooling(head));
    attributes.put("bf16", precision == Precision.BF16);
    attributes.put("activation", config.activation().kernel());
    attributes.put("epsilon", config.layerNormEpsilon());
    attributes.put("first_block", layout.firstBlock());
    attributes.put("block_size", layout.blockSize());
    attributes.put("ln_1", layout.inBlock("ln_1.weight"));
    attributes.put("c_attn", layout.inBlock("attn.c_attn.weight"));
    attributes.put("c_proj", layout.inBlock("attn.c_proj.weight"));
    attributes.put("ln_2", layout.inBlock("ln_2.weight"));
    attributes.put("c_fc", layout.inBlock("mlp.c_fc.weight"));
    attributes.put("c_out", layout.inBlock("mlp.c_proj.weight"));
    attributes.put("ln_f", layout.index("transformer.ln_f.weight"));
    attributes.put("dense", layout.index(head.prefix() + ".dense.weight"));
    attributes.put("dense_norm", layout.index(head.prefix() + ".norm.weight"));
    attributes.put("head", headWeight(config, layout));
    return attributes;
  }

  /** What training.py asks for besides. */
  static Map<String, Object> training(ModelConfig config, Objective objective) {
    return Map.of(
        "dropout",
        config.dropout(),
        "label_smoothing",
        objective.labelSmoothing(),
        "frozen",
        frozen(WeightLayout.of(config), objective));
  }

  private static String pooling(Head head) {
    if (head.kind() != Head.Kind.SEQUENCE_CLASSIFICATION) {
      return "none";
    }
    return head.pooling() == Head.Pooling.LAST ? "last" : "mean";
  }

  /** Index of the output projection, -1 if there is none. */
  private static int headWeight(ModelConfig config, WeightLayout layout) {
    Head head = config.head();
    if (!head.isClassifier() && head.output() == Head.Output.TIED) {
      return 0;
    }
    String inner = head.layers() == Head.Layers.MLP ? ".out" : "";
    return layout.index(head.prefix() + inner + ".weight");
  }

  /** A letter for each weight: f if it is frozen. */
  private static String frozen(WeightLayout layout, Objective objective) {
    StringBuilder flags = new StringBuilder();
    layout.shapes().keySet().forEach(n -> flags.append(objective.frozen().contains(n) ? 'f' : '.'));
    return flags.toString();
  }
}
