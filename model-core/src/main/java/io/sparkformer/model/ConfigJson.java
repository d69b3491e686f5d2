package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/**
 * A model's config.json.
 *
 * <p>What HuggingFace's GPT-2 can be has its keys ({@link Gpt2Json}). Anything else has a {@code
 * model_type} of our own, so that nobody takes it for one, and an object {@code sparkformer} with
 * {@link ModelConfig}'s components, which alone counts. The object {@code sparkformer_reading} says
 * what of a text the model read in training.
 */
record ConfigJson(JsonNode json, Path file) {

  private static final ObjectMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private static final String OWN = "sparkformer";
  private static final String READING = "sparkformer_reading";
  private static final String PROBLEM = "problem_type";
  private static final String APPENDED = "appended_token";
  private static final String TRUNCATE = "truncate";
  private static final String LEFT = "left";
  private static final String RIGHT = "right";
  private static final String CUT = "cut";
  private static final String TEXT = "text";
  private static final String PADDING_ROW = "sparkformer_padding_row";
  private static final String VOCAB_SIZE = "vocab_size";
  private static final String PADDING = "pad_token_id";
  private static final String END_OF_TEXT = "eos_token_id";
  private static final String LABELS = "id2label";
  private static final String NUM_LABELS = "num_labels";

  /** Of transformers: what is written is what this one reads. */
  private static final String TRANSFORMERS_VERSION = "5.18.0";

  /**
   * The model's shape, as far as this file says it.
   *
   * @throws InvalidInputException if it does not
   */
  ModelConfig config() {
    if (json.has(OWN)) {
      return own();
    }
    String type = json.path("model_type").asText(Gpt2Json.TYPE);
    require(
        type.equals(Gpt2Json.TYPE),
        "%s: model_type is '%s': only gpt2, and models that this program trained, are supported",
        file,
        type);
    ModelConfig config = new Gpt2Json(json, file).config(numLabels());
    return hasPaddingRow() ? config.withVocabSize(config.vocabSize() - 1) : config;
  }

  private ModelConfig own() {
    ModelConfig config;
    try {
      require(json.get(OWN).isObject(), "%s: '%s' is no object: copy the model again", file, OWN);
      config = JSON.treeToValue(json.get(OWN), ModelConfig.class);
    } catch (JsonProcessingException e) {
      String problem =
          e.getCause() instanceof InvalidInputException own
              ? own.getMessage()
              : Reason.firstLine(e.getOriginalMessage());
      throw new InvalidInputException(
          String.format("%s: '%s' is damaged: %s: copy the model again", file, OWN, problem), e);
    }
    Map<String, Integer> sizes =
        Map.of(
            VOCAB_SIZE,
            config.vocabSize(),
            "n_positions",
            config.contextLength(),
            "n_layer",
            config.numLayers());
    sizes.forEach(
        (key, size) ->
            require(
                !json.path(key).isInt() || json.path(key).asInt() == size,
                "%s: '%s' is %s, but '%s' has %d: copy the model again",
                file,
                key,
                json.path(key),
                OWN,
                size));
    return config;
  }

  /** Whether the token embedding has a row behind the vocabulary, for padding alone. */
  boolean hasPaddingRow() {
    JsonNode size = json.path(VOCAB_SIZE);
    return json.path(PADDING_ROW).asBoolean()
        && size.isInt()
        && json.path(PADDING).asInt(-1) == size.asInt() - 1;
  }

  /** HuggingFace leaves out two labels without names. */
  private int numLabels() {
    JsonNode count = json.path(NUM_LABELS);
    JsonNode names = json.path(LABELS);
    require(
        (count.isMissingNode() || count.isNull() || (count.isInt() && count.asInt() > 0))
            && (names.isMissingNode() || names.isNull() || (names.isObject() && !names.isEmpty())),
        "%s: %s is %s and %s is %s: name the classes by their ids, as {\"0\": \"no\", \"1\": \"yes\"}",
        file,
        NUM_LABELS,
        count.isMissingNode() ? "missing" : count,
        LABELS,
        names.isMissingNode() ? "missing" : names);
    if (!names.isObject()) {
      return count.asInt(2);
    }
    int named = names.size();
    require(
        !count.isInt() || count.asInt() == named,
        "%s: %s is %s, but %s names %d: leave the wrong one away",
        file,
        NUM_LABELS,
        count,
        LABELS,
        named);
    return named;
  }

  /**
   * Names of the classes by id.
   *
   * @param count the classes
   * @throws InvalidInputException if the file names them by other ids than 0, 1, 2 ...
   */
  List<String> labels(int count) {
    JsonNode names = json.path(LABELS);
    List<String> labels = new ArrayList<>();
    for (int id = 0; id < count; id++) {
      JsonNode name = names.path(Integer.toString(id));
      require(
          names.isMissingNode() || names.isNull() || name.isTextual(),
          "%s: %s has %d names for %d classes, but none for class %d: number them from 0",
          file,
          LABELS,
          names.size(),
          count,
          id);
      labels.add(name.asText("LABEL_" + id));
    }
    return labels;
  }

  /**
   * What a classifier's logits mean; of tokens each has one class.
   *
   * @throws InvalidInputException if the file names something else
   */
  ProblemType problem(Head head) {
    return head.kind() == Head.Kind.SEQUENCE_CLASSIFICATION
        ? ProblemType.of(json, head.numLabels(), file)
        : ProblemType.SINGLE_LABEL_CLASSIFICATION;
  }

  /** How texts are read by a model that was trained here; HuggingFace's configs do not say it. */
  Optional<TextReading> reading() {
    JsonNode reading = json.path(READING);
    if (reading.isMissingNode()) {
      return Optional.empty();
    }
    JsonNode appended = reading.path(APPENDED);
    String side = reading.path(TRUNCATE).asText(RIGHT);
    String cut = reading.path(CUT).asText("");
    require(
        reading.isObject()
            && (appended.isMissingNode() || (appended.isInt() && appended.asInt() >= 0))
            && (side.equals(LEFT) || side.equals(RIGHT))
            && (cut.isEmpty() || cut.equals(TEXT)),
        "%s: '%s' is %s, which says not how texts are read: copy the model again",
        file,
        READING,
        reading);
    // Earlier builds cut off what is appended, and did not say so.
    boolean whole = cut.isEmpty() && appended.isInt();
    Truncation right = whole ? Truncation.WHOLE_RIGHT : Truncation.RIGHT;
    return Optional.of(
        TextReading.appending(
            appended.isInt() ? Optional.of(appended.asInt()) : Optional.empty(),
            side.equals(LEFT) ? Truncation.LEFT : right));
  }

  /** The token that fills up rows, if there is one. */
  Optional<Integer> padding() {
    require(
        !json.path(PADDING).isArray(),
        "%s: '%s' is %s: it must be a token's id",
        file,
        PADDING,
        json.path(PADDING));
    return ids(PADDING).stream().findFirst();
  }

  /** Ids of the tokens that end a text; a config has one, a list or none. */
  List<Integer> endOfText() {
    return ids(END_OF_TEXT);
  }

  private List<Integer> ids(String key) {
    JsonNode node = json.path(key);
    List<Integer> ids = new ArrayList<>();
    for (JsonNode id : node.isArray() ? node : JSON.createArrayNode().add(node)) {
      require(
          id.isInt() || id.isNull() || id.isMissingNode(),
          "%s: '%s' is %s: it must be a token's id, or a list of ids",
          file,
          key,
          node);
      if (id.isInt() && id.asInt() >= 0) { // -1 is none to some
        ids.add(id.asInt());
      }
    }
    return ids;
  }

  /**
   * What is written for a model.
   *
   * @param numbers format of the weights, as PyTorch calls it
   * @param padding the token that fills up rows, if there is one
   */
  static ObjectNode of(
      ModelConfig config, TextProcessing processing, String numbers, Optional<Padding> padding) {
    ObjectNode json = JSON.createObjectNode();
    int paddingRows = padding.map(Padding::rows).orElse(0);
    Gpt2Json.write(json, config, config.vocabSize() + paddingRows);
    json.put("dtype", numbers);
    json.put("torch_dtype", numbers); // the key of transformers before 5
    json.put("transformers_version", TRANSFORMERS_VERSION);
    // Without the keys, transformers assumes GPT-2's own 50256.
    List<Integer> ends = processing.endOfText();
    if (ends.size() > 1) {
      ArrayNode list = json.putArray(END_OF_TEXT);
      ends.forEach(list::add);
    } else {
      json.set(END_OF_TEXT, JSON.valueToTree(ends.isEmpty() ? null : ends.get(0)));
    }
    json.set("bos_token_id", JSON.valueToTree(ends.isEmpty() ? null : ends.get(0)));
    json.set(PADDING, JSON.valueToTree(padding.map(Padding::id).orElse(null)));
    if (config.head().isClassifier()) {
      json.put(PROBLEM, processing.problem().with(config.head().numLabels()).key());
      labels(json, config.head().numLabels(), processing.labels());
    }
    if (paddingRows > 0) {
      json.put(PADDING_ROW, true);
    }
    if (processing.reading().isAppending()) {
      reading(json.putObject(READING), processing.reading());
    }
    if (!Gpt2Json.expresses(config)) {
      json.remove("architectures");
      json.put("model_type", OWN);
      json.set(OWN, JSON.valueToTree(config));
    }
    return json;
  }

  private static void reading(ObjectNode object, TextReading reading) {
    reading.after().forEach(id -> object.put(APPENDED, id));
    object.put(TRUNCATE, reading.truncate() == Truncation.LEFT ? LEFT : RIGHT);
    if (reading.truncate() == Truncation.RIGHT) {
      object.put(CUT, TEXT);
    }
  }

  private static void labels(ObjectNode json, int numLabels, List<String> names) {
    ObjectNode nameOf = json.putObject(LABELS);
    ObjectNode idOf = json.putObject("label2id");
    for (int id = 0; id < numLabels; id++) {
      String name = id < names.size() ? names.get(id) : "LABEL_" + id;
      nameOf.put(Integer.toString(id), name);
      idOf.put(name, id);
    }
  }
}
