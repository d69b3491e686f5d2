package io.sparkformer.gguf;

import ai.djl.ndarray.NDArray;
import io.sparkformer.gguf.GgufTensor.Layout;
import io.sparkformer.gguf.GgufTensor.Source;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.safetensors.NumberFormat;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The tensors of a model of GPT-2's form, under GGUF's names.
 *
 * <p>Matrices are [out, in] there. llama.cpp asks for every bias: those that a model does not have
 * are zeros. Position embeddings are float32 whatever the others are, as its converter writes them.
 */
final class GgufTensors {

  private final Map<String, NDArray> weights;
  private final NumberFormat type;
  private final List<GgufTensor> tensors = new ArrayList<>();

  private GgufTensors(Gpt model, NumberFormat type) {
    this.weights = model.weights();
    this.type = type;
    ModelConfig config = model.config();
    int width = config.embeddingDim();
    matrix("token_embd.weight", type, "transformer.wte.weight", Layout.SAME);
    matrix("position_embd.weight", NumberFormat.FP32, "transformer.wpe.weight", Layout.SAME);
    for (int layer = 0; layer < config.numLayers(); layer++) {
      String to = "blk." + layer + ".";
      String from = "transformer.h." + layer + ".";
      norm(to + "attn_norm", from + "ln_1", width);
      affine(to + "attn_qkv", from + "attn.c_attn", 3L * width);
      affine(to + "attn_output", from + "attn.c_proj", width);
      norm(to + "ffn_norm", from + "ln_2", width);
      affine(to + "ffn_up", from + "mlp.c_fc", config.feedForwardDim());
      affine(to + "ffn_down", from + "mlp.c_proj", width);
    }
    norm("output_norm", "transformer.ln_f", width);
    if (config.head().output() == Head.Output.OWN) {
      matrix("output.weight", type, "lm_head.weight", Layout.SAME);
    }
  }

  /**
   * A model's tensors, in the order of the file.
   *
   * @param type of the matrices
   */
  static List<GgufTensor> of(Gpt model, NumberFormat type) {
    return List.copyOf(new GgufTensors(model, type).tensors);
  }

  private void norm(String to, String from, long width) {
    vector(to + ".weight", from + ".weight", width);
    vector(to + ".bias", from + ".bias", width);
  }

  private void affine(String to, String from, long out) {
    matrix(to + ".weight", type, from + ".weight", Layout.TRANSPOSED);
    vector(to + ".bias", from + ".bias", out);
  }

  private void matrix(String to, NumberFormat as, String from, Layout layout) {
    tensors.add(GgufTensor.matrix(to, as, new Source(from, weights.get(from), layout)));
  }

  private void vector(String to, String from, long size) {
    tensors.add(
        GgufTensor.vector(
            to,
            size,
            Optional.ofNullable(weights.get(from))
                .map(array -> new Source(from, array, Layout.SAME))));
  }
}
