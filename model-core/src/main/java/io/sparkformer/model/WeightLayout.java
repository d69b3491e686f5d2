package io.sparkformer.model;

import ai.djl.ndarray.types.Shape;
import io.sparkformer.model.ModelConfig.FeedForward;
import io.sparkformer.model.ModelConfig.Norm;
import io.sparkformer.model.ModelConfig.Positions;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Names, shapes and order of a model's weights.
 *
 * <p>Names and layouts are those of HuggingFace's GPT-2: matrices of blocks are Conv1D's [in, out],
 * embeddings and heads [out, in]. The order is one that the kernels rely on: a weight is followed
 * by its bias if it has one, and all blocks have the same weights.
 */
final class WeightLayout {

  private static final String BLOCKS = "transformer.h.";

  private final Map<String, Shape> shapes = new LinkedHashMap<>();
  private final ModelConfig config;

  private WeightLayout(ModelConfig config, int numLayers) {
    this.config = config;
    matrix("transformer.wte.weight", config.vocabSize(), config.embeddingDim());
    if (config.positions() == Positions.LEARNED) {
      matrix("transformer.wpe.weight", config.contextLength(), config.embeddingDim());
    }
    for (int layer = 0; layer < numLayers; layer++) {
      block(BLOCKS + layer + ".", layer == 0 ? config.embeddingDim() : config.outputDim());
    }
    norm("transformer.ln_f", config.outputDim());
    head();
  }

  static WeightLayout of(ModelConfig config) {
    return new WeightLayout(config, config.numLayers());
  }

  private void block(String block, int in) {
    int width = config.outputDim();
    int values = config.numHeads() * config.valueDim();
    norm(block + "ln_1", in);
    int queriesAndKeys = 2 * config.numHeads() * config.headDim();
    affine(block + "attn.c_attn", in, queriesAndKeys + values, config.hasAttentionBias());
    if (config.attentionProjection()) {
      affine(block + "attn.c_proj", values, width, config.bias());
    }
    if (config.feedForward() != FeedForward.NONE) {
      norm(block + "ln_2", width);
      affine(block + "mlp.c_fc", width, config.feedForwardDim(), config.bias());
    }
    if (config.feedForward() == FeedForward.MLP) {
      affine(block + "mlp.c_proj", config.feedForwardDim(), width, config.bias());
    }
  }

  private void head() {
    Head head = config.head();
    int width = config.outputDim();
    String name = head.prefix();
    if (!head.isClassifier() && head.output() != Head.Output.OWN) {
      return;
    }
    if (head.layers() == Head.Layers.MLP) {
      affine(name + ".dense", width, width, head.bias());
      layerNorm(name + ".norm", width);
      name += ".out";
    }
    matrix(name + ".weight", config.numClasses(), width);
    biasOf(name, config.numClasses(), head.bias());
  }

  private void matrix(String name, int rows, int columns) {
    shapes.put(name, new Shape(rows, columns));
  }

  private void affine(String name, int in, int out, boolean bias) {
    matrix(name + ".weight", in, out);
    biasOf(name, out, bias);
  }

  private void norm(String name, int width) {
    if (config.norm() == Norm.PRE) {
      layerNorm(name, width);
    }
  }

  private void layerNorm(String name, int width) {
    shapes.put(name + ".weight", new Shape(width));
    biasOf(name, width, config.bias());
  }

  private void biasOf(String name, int width, boolean bias) {
    if (bias) {
      shapes.put(name + ".bias", new Shape(width));
    }
  }

  /** By name, in order. */
  Map<String, Shape> shapes() {
    return shapes;
  }

  /** A weight's place among all, or -1 if the model has none of that name. */
  int index(String name) {
    return new ArrayList<>(shapes.keySet()).indexOf(name);
  }

  /** Index of the first weight of the blocks. */
  int firstBlock() {
    return config.positions() == Positions.LEARNED ? 2 : 1;
  }

  /** Weights of one block. */
  int blockSize() {
    return (int) shapes.keySet().stream().filter(name -> name.startsWith(BLOCKS + "0.")).count();
  }

  /** A weight's place within its block, or -1 if blocks have none of that name. */
  int inBlock(String name) {
    int index = index(BLOCKS + "0." + name);
    return index < 0 ? -1 : index - firstBlock();
  }

  /** Without walking over all blocks, of which a mistaken recipe may have very many. */
  static double parameterCount(ModelConfig config) {
    int layers = config.numLayers();
    double two = count(new WeightLayout(config, Math.min(layers, 2)));
    return layers <= 2 ? two : two + (layers - 2.0) * (two - count(new WeightLayout(config, 1)));
  }

  private static double count(WeightLayout layout) {
    return List.copyOf(layout.shapes.values()).stream()
        .mapToDouble(
            shape ->
                java.util.Arrays.stream(shape.getShape())
                    .asDoubleStream()
                    .reduce(1, (a, b) -> a * b))
        .sum();
  }
}
