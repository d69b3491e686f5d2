package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;
import org.apache.hadoop.fs.Path;

/**
 * The shape of a model in HuggingFace's keys of GPT-2, and {@code bias} of our own.
 *
 * <p>Source: transformers, models/gpt2/configuration_gpt2.py.
 */
record Gpt2Json(JsonNode json, Path file) {

  static final String TYPE = "gpt2";

  private static final String BIAS = "bias";
  private static final String TIED = "tie_word_embeddings";
  private static final String LANGUAGE = "GPT2LMHeadModel";
  private static final String BACKBONE = "GPT2Model";
  private static final String SEQUENCE = "GPT2ForSequenceClassification";
  private static final String TOKEN = "GPT2ForTokenClassification";

  /** Other names of keys, as {@code GPT2Config.attribute_map} has them. */
  private static final Map<String, String> ALIASES =
      Map.of(
          "n_embd", "hidden_size",
          "n_positions", "max_position_embeddings",
          "n_layer", "num_hidden_layers",
          "n_head", "num_attention_heads");

  /**
   * The shape.
   *
   * @param numLabels of a classifier
   * @throws io.sparkformer.datasets.InvalidInputException if a key is missing, of a wrong type, or
   *     asks for what is not supported
   */
  ModelConfig config(int numLabels) {
    require(
        !flag("scale_attn_by_inverse_layer_idx", false) && flag("scale_attn_weights", true),
        "%s: other attention scales than 1 / sqrt(head size) are not supported",
        file);
    require(
        !flag("add_cross_attention", false),
        "%s: add_cross_attention is true: only decoders that stand alone are supported",
        file);
    require(
        integer("n_embd") % integer("n_head") == 0,
        "%s: n_embd (%d) is not a multiple of n_head (%d): correct it, or copy the model again",
        file,
        integer("n_embd"),
        integer("n_head"));
    ModelConfig gpt2 =
        ModelConfig.gpt2(
            integer("vocab_size"),
            // GPT-2's first files have this alone
            has("n_positions") ? integer("n_positions") : integer("n_ctx"),
            integer("n_layer"),
            integer("n_head"),
            integer("n_embd"));
    return new ModelConfig(
        gpt2.vocabSize(),
        gpt2.contextLength(),
        gpt2.numLayers(),
        gpt2.numHeads(),
        gpt2.embeddingDim(),
        gpt2.headDim(),
        gpt2.valueDim(),
        gpt2.mask(),
        gpt2.positions(),
        gpt2.norm(),
        gpt2.residual(),
        gpt2.attentionProjection(),
        gpt2.feedForward(),
        isNothing("n_inner") ? 0 : integer("n_inner"),
        Activation.ofHuggingFaceName(text("activation_function", "gelu_new"), file.toString()),
        flag(BIAS, true),
        gpt2.attentionBias(),
        number("resid_pdrop", 0.1),
        number("layer_norm_epsilon", 1e-5),
        head(numLabels));
  }

  private Head head(int numLabels) {
    String architecture = json.path("architectures").path(0).asText(LANGUAGE);
    return switch (architecture) {
      case SEQUENCE -> Head.ofSequences(numLabels, Head.Pooling.LAST);
      case TOKEN ->
          new Head(
              Head.Kind.TOKEN_CLASSIFICATION,
              Head.Output.OWN,
              Head.Layers.LINEAR,
              Head.Pooling.LAST,
              true,
              numLabels);
      default -> {
        require(
            architecture.equals(LANGUAGE) || architecture.equals(BACKBONE),
            "%s: architectures is %s: it must be %s, %s, %s or %s",
            file,
            architecture,
            LANGUAGE,
            SEQUENCE,
            TOKEN,
            BACKBONE);
        yield flag(TIED, true) ? Head.TIED : Head.OWN;
      }
    };
  }

  private boolean has(String key) {
    return !isNothing(key) || !isNothing(ALIASES.getOrDefault(key, key));
  }

  private boolean isNothing(String key) {
    return json.path(key).isMissingNode() || json.path(key).isNull();
  }

  private int integer(String key) {
    String alias = ALIASES.getOrDefault(key, key);
    String found = isNothing(key) ? alias : key;
    require(
        json.path(found).isInt(),
        isNothing(found)
            ? "%s has no whole number '%s': it is not a GPT-2 config"
            : "%s: '%s' is no whole number: correct it, or copy the model again",
        file,
        isNothing(found) ? key : found);
    require(
        isNothing(alias) || json.path(alias).equals(json.path(found)),
        "%s: '%s' is %s, but '%s', another name of it, is %s: leave the wrong one away",
        file,
        found,
        json.path(found),
        alias,
        json.path(alias));
    int value = json.path(found).asInt();
    int least = key.equals("n_layer") ? 0 : 1;
    require(value >= least, "%s: '%s' is %d: it must be at least %d", file, found, value, least);
    return value;
  }

  private double number(String key, double otherwise) {
    double value = json.path(key).asDouble(otherwise);
    require(
        isNothing(key) || (json.path(key).isNumber() && value >= 0 && value < 1),
        "%s: '%s' is %s: it must be a number from 0 to below 1",
        file,
        key,
        json.path(key));
    return value;
  }

  private boolean flag(String key, boolean otherwise) {
    require(
        isNothing(key) || json.path(key).isBoolean(),
        "%s: '%s' is %s: it must be true or false",
        file,
        key,
        json.path(key));
    return json.path(key).asBoolean(otherwise);
  }

  private String text(String key, String otherwise) {
    require(
        isNothing(key) || json.path(key).isTextual(),
        "%s: '%s' is %s: it must be a text",
        file,
        key,
        json.path(key));
    return isNothing(key) ? otherwise : json.path(key).asText();
  }

  /** Whether HuggingFace's classes say all of a model. */
  static boolean expresses(ModelConfig config) {
    Head head = config.head();
    return config.isGpt2()
        && switch (head.kind()) {
          case LANGUAGE_MODEL -> !head.bias() && head.output() != Head.Output.IDENTITY;
          case TOKEN_CLASSIFICATION -> head.bias() && head.layers() == Head.Layers.LINEAR;
          case SEQUENCE_CLASSIFICATION ->
              !head.bias()
                  && head.layers() == Head.Layers.LINEAR
                  && head.pooling() == Head.Pooling.LAST;
        };
  }

  /**
   * Writes a shape that GPT-2's keys say.
   *
   * @param vocabSize rows of the token embedding in the file
   */
  static void write(ObjectNode json, ModelConfig config, int vocabSize) {
    Head head = config.head();
    json.putArray("architectures")
        .add(
            switch (head.kind()) {
              case LANGUAGE_MODEL -> LANGUAGE;
              case TOKEN_CLASSIFICATION -> TOKEN;
              case SEQUENCE_CLASSIFICATION -> SEQUENCE;
            });
    json.put("model_type", TYPE);
    json.put("vocab_size", vocabSize);
    json.put("n_positions", config.contextLength());
    json.put("n_ctx", config.contextLength()); // llama.cpp's converter asks for it
    json.put("n_embd", config.embeddingDim());
    json.put("n_layer", config.numLayers());
    json.put("n_head", config.numHeads());
    json.put("n_inner", config.feedForwardDim());
    json.put("activation_function", config.activation().huggingFaceName());
    json.put("resid_pdrop", config.dropout());
    json.put("embd_pdrop", config.dropout());
    json.put("attn_pdrop", config.dropout());
    json.put("layer_norm_epsilon", config.layerNormEpsilon());
    json.put(TIED, !head.isClassifier() && head.output() == Head.Output.TIED);
    json.put(BIAS, config.bias());
  }
}
