package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.annotation.JsonIgnore;
import com.fasterxml.jackson.annotation.JsonProperty;
import java.io.Serializable;
import java.util.Arrays;

/**
 * What a model does with the residual stream: which classes it scores, where, by which layers.
 *
 * @param kind what is predicted
 * @param output of a language model: where its projection comes from; a classifier's is its own
 * @param layers of a classifier
 * @param pooling of a classifier of sequences: which positions it looks at
 * @param bias whether the linear layers have biases; not with a tied or no output projection
 * @param numLabels classes of a classifier; 0 for a language model, whose classes are the tokens
 */
public record Head(
    Kind kind, Output output, Layers layers, Pooling pooling, boolean bias, int numLabels)
    implements Serializable {

  /** GPT-2's own: the token embedding is the output projection. */
  public static final Head TIED =
      new Head(Kind.LANGUAGE_MODEL, Output.TIED, Layers.LINEAR, Pooling.LAST, false, 0);

  /** A language model's with an output projection of its own, without bias. */
  public static final Head OWN =
      new Head(Kind.LANGUAGE_MODEL, Output.OWN, Layers.LINEAR, Pooling.LAST, false, 0);

  /** What is predicted. */
  public enum Kind {
    /** Of every position, the next token. */
    @JsonProperty("language-model")
    LANGUAGE_MODEL,
    /** Of every position, a class. */
    @JsonProperty("token-classification")
    TOKEN_CLASSIFICATION,
    /** Of the whole sequence, a class. */
    @JsonProperty("sequence-classification")
    SEQUENCE_CLASSIFICATION
  }

  /** A language model's output projection. */
  public enum Output {
    /** The token embedding. */
    @JsonProperty("tied")
    TIED,
    /** A matrix of its own. */
    @JsonProperty("own")
    OWN,
    /** None: the residual stream is the logits. */
    @JsonProperty("identity")
    IDENTITY
  }

  /** A classifier's layers. */
  public enum Layers {
    @JsonProperty("linear")
    LINEAR,
    /** Linear, layer norm, ReLU, linear. */
    @JsonProperty("mlp")
    MLP
  }

  /** Which positions a classifier of sequences looks at. */
  public enum Pooling {
    /** The last token that is not padding. */
    @JsonProperty("last")
    LAST,
    /** The mean over all tokens that are not padding. */
    @JsonProperty("mean")
    MEAN
  }

  public Head {
    boolean language = kind == Kind.LANGUAGE_MODEL;
    require(numLabels >= 0, "model.head.num-labels is %d: it must be 0 or more", numLabels);
    require(
        language || numLabels > 0,
        "model.head.num-labels is 0, but a classifier needs at least 1: give it, or a data set with labels");
    require(
        !language || layers == Layers.LINEAR,
        "model.head.layers is mlp: a language model's head is linear: leave the key away");
    require(
        !(bias && language) || output == Output.OWN,
        "model.head.bias is true, but model.head.output is not own: set one of them otherwise");
    // What does not count is made the same, so that equal heads are equal.
    numLabels = language ? 0 : numLabels;
    output = language ? output : Output.OWN;
    pooling = kind == Kind.SEQUENCE_CLASSIFICATION ? pooling : Pooling.LAST;
  }

  /** A classifier of sequences with one linear layer without bias, as HuggingFace's GPT-2 has. */
  public static Head ofSequences(int numLabels, Pooling pooling) {
    return new Head(
        Kind.SEQUENCE_CLASSIFICATION, Output.OWN, Layers.LINEAR, pooling, false, numLabels);
  }

  /** Whether a weight of this name is a head's, of any kind. */
  public static boolean isPrefixOf(String name) {
    return Arrays.stream(Kind.values()).anyMatch(kind -> name.startsWith(prefix(kind) + "."));
  }

  /** What the head's weights are called. */
  String prefix() {
    return prefix(kind);
  }

  private static String prefix(Kind kind) {
    return switch (kind) {
      case LANGUAGE_MODEL -> "lm_head";
      case TOKEN_CLASSIFICATION -> "classifier";
      case SEQUENCE_CLASSIFICATION -> "score";
    };
  }

  /** Whether classes have names, which is so for all but a language model. */
  @JsonIgnore
  public boolean isClassifier() {
    return kind != Kind.LANGUAGE_MODEL;
  }
}
