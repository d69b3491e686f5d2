package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.Serializable;

/**
 * The shape of a decoder transformer of GPT-2's form (Radford et al. 2019): pre-norm blocks of
 * causal self-attention and a feed-forward layer, learned positions.
 *
 * @param vocabSize number of token ids
 * @param contextLength the longest sequence, in tokens
 * @param numLayers decoder blocks
 * @param numHeads attention heads of a block
 * @param embeddingDim width of the residual stream; a multiple of numHeads
 * @param feedForwardDim width of the feed-forward layer; 0 stands for 4 x embeddingDim and is
 *     replaced by it
 * @param activation the feed-forward layer's non-linearity
 * @param bias whether linear layers and norms have biases
 * @param tiedHead whether the output projection is the token embedding
 * @param dropout probability, of embeddings, attention weights and both residual branches
 * @param layerNormEpsilon added to the variance
 */
public record ModelConfig(
    int vocabSize,
    int contextLength,
    int numLayers,
    int numHeads,
    int embeddingDim,
    int feedForwardDim,
    Activation activation,
    boolean bias,
    boolean tiedHead,
    double dropout,
    double layerNormEpsilon)
    implements Serializable {

  public ModelConfig {
    positive("vocab-size", vocabSize);
    positive("context-length", contextLength);
    positive("num-layers", numLayers);
    positive("num-heads", numHeads);
    positive("embedding-dim", embeddingDim);
    require(
        embeddingDim % numHeads == 0,
        "model.embedding-dim (%d) is not a multiple of model.num-heads (%d): change one of them",
        embeddingDim,
        numHeads);
    require(
        feedForwardDim >= 0,
        "model.feed-forward-dim is %d: it must be at least 1, or 0 for 4 x model.embedding-dim",
        feedForwardDim);
    require(
        embeddingDim <= Integer.MAX_VALUE / 4,
        "model.embedding-dim is %d: it must be at most %d",
        embeddingDim,
        Integer.MAX_VALUE / 4);
    feedForwardDim = feedForwardDim == 0 ? 4 * embeddingDim : feedForwardDim;
    require(
        dropout >= 0 && dropout < 1,
        "model.dropout is %s: it must be at least 0 and below 1",
        dropout);
    require(
        layerNormEpsilon > 0,
        "model.layer-norm-epsilon is %s: it must be above 0",
        layerNormEpsilon);
  }

  private static void positive(String key, int value) {
    require(value > 0, "model.%s is %d: it must be at least 1", key, value);
  }

  /** Trainable numbers of such a model; not exact beyond 2^53. */
  public double parameterCount() {
    double width = embeddingDim;
    double perBlock = 4 * width * width + 2 * width * feedForwardDim + 2 * width;
    double biases = bias ? 3 * width + width + feedForwardDim + width + 2 * width : 0;
    double embeddings = ((tiedHead ? 1.0 : 2.0) * vocabSize + contextLength) * width;
    return embeddings + numLayers * (perBlock + biases) + (bias ? 2 : 1) * width;
  }

  /** Width of one attention head. */
  public int headDim() {
    return embeddingDim / numHeads;
  }
}
