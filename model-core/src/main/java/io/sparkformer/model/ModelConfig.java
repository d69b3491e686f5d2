package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;

/**
 * The shape of a model: a point in the space from a table of bigrams to GPT-2 (Radford et al.
 * 2019), which is token and position embeddings, blocks of self-attention and a feed-forward layer,
 * a head.
 *
 * @param vocabSize number of token ids
 * @param contextLength the longest sequence, in tokens
 * @param numLayers blocks; 0 for none
 * @param numHeads attention heads of a block
 * @param embeddingDim width of the residual stream
 * @param headDim width of a head's queries and keys; 0 stands for embeddingDim / numHeads and is
 *     replaced by it
 * @param valueDim width of a head's values; 0 stands for headDim and is replaced by it
 * @param mask which positions a position attends to
 * @param positions whether positions have embeddings
 * @param norm where layers are normalized
 * @param residual whether a block's layers add to the stream, or replace it
 * @param attentionProjection whether the heads' values pass a linear layer; without, they are the
 *     attention's output side by side
 * @param feedForward the layer after attention
 * @param feedForwardDim width of its inner layer; 0 stands for 4 x the stream's width and is
 *     replaced by what the kind of layer has
 * @param activation the feed-forward layer's non-linearity
 * @param bias whether linear layers and norms have biases
 * @param attentionBias whether queries, keys and values have them, too
 * @param dropout probability, of embeddings, attention weights and both layers' outputs
 * @param layerNormEpsilon added to the variance
 * @param head what is predicted
 */
public record ModelConfig(
    int vocabSize,
    int contextLength,
    int numLayers,
    int numHeads,
    int embeddingDim,
    int headDim,
    int valueDim,
    Mask mask,
    Positions positions,
    Norm norm,
    boolean residual,
    boolean attentionProjection,
    FeedForward feedForward,
    int feedForwardDim,
    Activation activation,
    boolean bias,
    boolean attentionBias,
    double dropout,
    double layerNormEpsilon,
    Head head)
    implements Serializable {

  /** Which positions a position attends to; padding is attended to by none. */
  public enum Mask {
    /** Itself and those before it. */
    @JsonProperty("causal")
    CAUSAL,
    /** All. */
    @JsonProperty("bidirectional")
    BIDIRECTIONAL
  }

  /** Whether positions have embeddings. */
  public enum Positions {
    @JsonProperty("learned")
    LEARNED,
    @JsonProperty("none")
    NONE
  }

  /** Where layers are normalized. */
  public enum Norm {
    /** Before each layer, and before the head. */
    @JsonProperty("pre")
    PRE,
    @JsonProperty("none")
    NONE
  }

  /** The layer after attention. */
  public enum FeedForward {
    @JsonProperty("none")
    NONE,
    /** Linear, as wide as the stream, and the non-linearity. */
    @JsonProperty("linear")
    LINEAR,
    /** Linear, the non-linearity, linear. */
    @JsonProperty("mlp")
    MLP
  }

  private static final int MAX_WIDTH = Integer.MAX_VALUE / 4;

  public ModelConfig {
    positive("vocab-size", vocabSize);
    positive("context-length", contextLength);
    require(numLayers >= 0, "model.num-layers is %d: it must be at least 0", numLayers);
    positive("num-heads", numHeads);
    positive("embedding-dim", embeddingDim);
    require(
        embeddingDim <= MAX_WIDTH,
        "model.embedding-dim is %d: it must be at most %d",
        embeddingDim,
        MAX_WIDTH);
    require(
        headDim > 0 || numLayers == 0 || embeddingDim % numHeads == 0,
        "model.embedding-dim (%d) is not a multiple of model.num-heads (%d): change one of them, or set model.head-dim",
        embeddingDim,
        numHeads);
    headDim =
        orElse(
            "head-dim", headDim, "model.embedding-dim / model.num-heads", embeddingDim / numHeads);
    valueDim = orElse("value-dim", valueDim, "model.head-dim", headDim);
    require(
        (long) numHeads * Math.max(headDim, valueDim) <= MAX_WIDTH,
        "model.num-heads (%d) x model.head-dim (%d) or model.value-dim (%d) is too wide: lower one of them",
        numHeads,
        headDim,
        valueDim);
    int width = width(numLayers, numHeads, embeddingDim, valueDim, attentionProjection);
    require(
        !residual || width == embeddingDim,
        "model.residual is true, but attention's output (model.num-heads x model.value-dim = %d) is not as wide as"
            + " model.embedding-dim (%d): set model.attention-projection=true, or change the sizes",
        width,
        embeddingDim);
    int given = orElse("feed-forward-dim", feedForwardDim, "4 x model.embedding-dim", 4 * width);
    feedForwardDim =
        switch (feedForward) {
          case NONE -> 0;
          case LINEAR -> width;
          case MLP -> given;
        };
    require(
        dropout >= 0 && dropout < 1,
        "model.dropout is %s: it must be at least 0 and below 1",
        dropout);
    require(
        layerNormEpsilon > 0,
        "model.layer-norm-epsilon is %s: it must be above 0",
        layerNormEpsilon);
    requireHead(head, width, embeddingDim, vocabSize);
  }

  private static void requireHead(Head head, int width, int embeddingDim, int vocabSize) {
    if (head.isClassifier()) {
      return;
    }
    require(
        head.output() != Head.Output.TIED || width == embeddingDim,
        "model.head.output is tied, but the stream's width at the end (%d) is not model.embedding-dim (%d): set it to own",
        width,
        embeddingDim);
    require(
        head.output() != Head.Output.IDENTITY || width == vocabSize,
        "model.head.output is identity, but the stream's width at the end (%d) is not model.vocab-size (%d):"
            + " set model.embedding-dim to it",
        width,
        vocabSize);
  }

  private static void positive(String key, int value) {
    require(value > 0, "model.%s is %d: it must be at least 1", key, value);
  }

  private static int orElse(String key, int value, String otherwise, int other) {
    require(
        value >= 0, "model.%s is %d: it must be at least 1, or 0 for %s", key, value, otherwise);
    return value == 0 ? other : value;
  }

  private static int width(
      int numLayers, int numHeads, int embeddingDim, int valueDim, boolean projection) {
    return numLayers == 0 || projection ? embeddingDim : numHeads * valueDim;
  }

  /** GPT-2's form, without dropout. */
  public static ModelConfig gpt2(
      int vocabSize, int contextLength, int numLayers, int numHeads, int embeddingDim) {
    return new ModelConfig(
        vocabSize,
        contextLength,
        numLayers,
        numHeads,
        embeddingDim,
        0,
        0,
        Mask.CAUSAL,
        Positions.LEARNED,
        Norm.PRE,
        true,
        true,
        FeedForward.MLP,
        0,
        Activation.GELU_TANH,
        true,
        true,
        0,
        1e-5,
        Head.TIED);
  }

  /** The same with another head. */
  public ModelConfig with(Head other) {
    return copy(vocabSize, mask, bias, dropout, other);
  }

  /** The same with another mask. */
  public ModelConfig with(Mask other) {
    return copy(vocabSize, other, bias, dropout, head);
  }

  /** The same of another vocabulary. */
  ModelConfig withVocabSize(int other) {
    return copy(other, mask, bias, dropout, head);
  }

  /** The same with another probability of dropout. */
  public ModelConfig withDropout(double probability) {
    return copy(vocabSize, mask, bias, probability, head);
  }

  /** The same without biases. */
  public ModelConfig withoutBias() {
    return copy(vocabSize, mask, false, dropout, head);
  }

  /** The same with biases. */
  ModelConfig withBias() {
    return copy(vocabSize, mask, true, dropout, head);
  }

  private ModelConfig copy(
      int newVocabSize, Mask newMask, boolean newBias, double newDropout, Head newHead) {
    return new ModelConfig(
        newVocabSize,
        contextLength,
        numLayers,
        numHeads,
        embeddingDim,
        headDim,
        valueDim,
        newMask,
        positions,
        norm,
        residual,
        attentionProjection,
        feedForward,
        feedForwardDim,
        activation,
        newBias,
        attentionBias,
        newDropout,
        layerNormEpsilon,
        newHead);
  }

  /** Width of the stream after the blocks. */
  public int outputDim() {
    return width(numLayers, numHeads, embeddingDim, valueDim, attentionProjection);
  }

  /** Classes that the head scores: tokens or labels. */
  public int numClasses() {
    return head.isClassifier() ? head.numLabels() : vocabSize;
  }

  /** Whether linear layers of queries, keys and values have biases. */
  boolean hasAttentionBias() {
    return bias && attentionBias;
  }

  /** Trainable numbers of such a model; not exact beyond 2^53. */
  public double parameterCount() {
    return WeightLayout.parameterCount(this);
  }

  /** Whether HuggingFace's GPT-2 has the same form, head aside. */
  boolean isGpt2() {
    return numLayers > 0
        && numHeads * headDim == embeddingDim
        && valueDim == headDim
        && mask == Mask.CAUSAL
        && positions == Positions.LEARNED
        && norm == Norm.PRE
        && residual
        && attentionProjection
        && feedForward == FeedForward.MLP
        && attentionBias;
  }
}
