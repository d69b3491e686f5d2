package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * A model's config.json.
 *
 * <p>What has GPT-2's form has HuggingFace's keys, and {@code bias} of our own. The key {@code
 * sparkformer}, an object with {@link ModelConfig}'s components, says what those cannot; where it
 * stands it alone counts. The key {@code sparkformer_reading} says what of a text the model read in
 * training.
 */
record ConfigJson(JsonNode json, Path file) {

  private static final ObjectMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private static final String OWN = "sparkformer";
  private static final String READING = "sparkformer_reading";
  private static final String APPENDED = "appended_token";
  private static final String TRUNCATE = "truncate";
  private static final String LANGUAGE = "GPT2LMHeadModel";
  private static final String SEQUENCE = "GPT2ForSequenceClassification";
  private static final String TOKEN = "GPT2ForTokenClassification";

  /**
   * The model's shape.
   *
   * @throws InvalidInputException if the file does not say one
   */
  ModelConfig config() {
    if (json.has(OWN)) {
      try {
        return JSON.treeToValue(json.get(OWN), ModelConfig.class);
      } catch (JsonProcessingException e) {
        String problem =
            e.getCause() instanceof InvalidInputException own
                ? own.getMessage()
                : Reason.firstLine(e.getOriginalMessage());
        throw new InvalidInputException(
            String.format("%s: '%s' is damaged: %s: copy the model again", file, OWN, problem), e);
      }
    }
    String type = json.path("model_type").asText("gpt2");
    require(
        type.equals("gpt2"),
        "%s: model_type is '%s': only gpt2, and models that this program trained, are supported",
        file,
        type);
    require(
        !json.path("scale_attn_by_inverse_layer_idx").asBoolean(false)
            && json.path("scale_attn_weights").asBoolean(true),
        "%s: other attention scales than 1 / sqrt(head size) are not supported",
        file);
    ModelConfig gpt2 =
        ModelConfig.gpt2(
            integer("vocab_size"),
            integer(json.has("n_positions") ? "n_positions" : "n_ctx"),
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
        json.path("n_inner").asInt(0),
        Activation.ofHuggingFaceName(
            json.path("activation_function").asText("gelu_new"), file.toString()),
        json.path("bias").asBoolean(true),
        gpt2.attentionBias(),
        json.path("resid_pdrop").asDouble(0.1),
        json.path("layer_norm_epsilon").asDouble(1e-5),
        head());
  }

  private Head head() {
    String architecture = json.path("architectures").path(0).asText(LANGUAGE);
    return switch (architecture) {
      case SEQUENCE -> Head.ofSequences(numLabels(), Head.Pooling.LAST);
      case TOKEN ->
          new Head(
              Head.Kind.TOKEN_CLASSIFICATION,
              Head.Output.OWN,
              Head.Layers.LINEAR,
              Head.Pooling.LAST,
              true,
              numLabels());
      default -> json.path("tie_word_embeddings").asBoolean(true) ? Head.TIED : Head.OWN;
    };
  }

  /** HuggingFace leaves out two labels without names. */
  private int numLabels() {
    return json.has("id2label") ? json.get("id2label").size() : 2;
  }

  private int integer(String key) {
    require(
        json.path(key).isInt(), "%s has no whole number '%s': it is not a GPT-2 config", file, key);
    return json.path(key).asInt();
  }

  /** Names of the classes by id. */
  List<String> labels() {
    JsonNode names = json.path("id2label");
    List<String> labels = new ArrayList<>();
    for (int id = 0; id < names.size(); id++) {
      labels.add(names.path(Integer.toString(id)).asText("LABEL_" + id));
    }
    return labels;
  }

  /** How texts are read; HuggingFace's configs do not say it. */
  TextReading reading() {
    JsonNode appended = json.path(READING).path(APPENDED);
    String truncate = json.path(READING).path(TRUNCATE).asText("right");
    return new TextReading(
        appended.isInt() ? Optional.of(appended.asInt()) : Optional.empty(),
        truncate.equals("left") ? Truncation.LEFT : Truncation.RIGHT);
  }

  private static void reading(ObjectNode json, TextReading reading) {
    ObjectNode object = json.putObject(READING);
    reading.appended().ifPresent(id -> object.put(APPENDED, id));
    object.put(TRUNCATE, reading.truncate() == Truncation.LEFT ? "left" : "right");
  }

  static ObjectNode of(ModelConfig config, ModelDirectory.TextProcessing processing) {
    ObjectNode json = JSON.createObjectNode();
    Head head = config.head();
    json.putArray("architectures").add(architecture(head));
    json.put("model_type", config.isGpt2() ? "gpt2" : OWN);
    json.put("vocab_size", config.vocabSize());
    json.put("n_positions", config.contextLength());
    json.put("n_embd", config.embeddingDim());
    json.put("n_layer", config.numLayers());
    json.put("n_head", config.numHeads());
    json.put("n_inner", config.feedForwardDim());
    json.put("activation_function", config.activation().huggingFaceName());
    json.put("resid_pdrop", config.dropout());
    json.put("embd_pdrop", config.dropout());
    json.put("attn_pdrop", config.dropout());
    json.put("layer_norm_epsilon", config.layerNormEpsilon());
    json.put("tie_word_embeddings", !head.isClassifier() && head.output() == Head.Output.TIED);
    json.put("bias", config.bias());
    json.put("torch_dtype", "float32");
    // Without the key, transformers assumes GPT-2's own 50256.
    JsonNode endOfText =
        processing.endOfText().<JsonNode>map(json::numberNode).orElse(json.nullNode());
    json.set("bos_token_id", endOfText);
    json.set("eos_token_id", endOfText);
    if (head.isClassifier()) {
      json.put("problem_type", "single_label_classification");
      labels(json, head.numLabels(), processing.labels());
    }
    reading(json, processing.reading());
    if (!config.isGpt2() || !isHuggingFace(head)) {
      json.set(OWN, JSON.valueToTree(config));
    }
    return json;
  }

  private static boolean isHuggingFace(Head head) {
    return switch (head.kind()) {
      case LANGUAGE_MODEL -> !head.bias() && head.output() != Head.Output.IDENTITY;
      case TOKEN_CLASSIFICATION -> head.bias() && head.layers() == Head.Layers.LINEAR;
      case SEQUENCE_CLASSIFICATION ->
          !head.bias()
              && head.layers() == Head.Layers.LINEAR
              && head.pooling() == Head.Pooling.LAST;
    };
  }

  private static String architecture(Head head) {
    return switch (head.kind()) {
      case LANGUAGE_MODEL -> LANGUAGE;
      case TOKEN_CLASSIFICATION -> TOKEN;
      case SEQUENCE_CLASSIFICATION -> SEQUENCE;
    };
  }

  private static void labels(ObjectNode json, int numLabels, List<String> names) {
    ObjectNode nameOf = json.putObject("id2label");
    ObjectNode idOf = json.putObject("label2id");
    for (int id = 0; id < numLabels; id++) {
      String name = id < names.size() ? names.get(id) : "LABEL_" + id;
      nameOf.put(Integer.toString(id), name);
      idOf.put(name, id);
    }
  }
}
