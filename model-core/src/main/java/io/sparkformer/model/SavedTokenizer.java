package io.sparkformer.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.io.IOException;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.StreamSupport;

/**
 * A tokenizer's files with which HuggingFace's libraries read texts as a model does: the tokens
 * around texts are tokenizer.json's post-processor's, the rest is tokenizer_config.json's.
 *
 * <p>Source: github.com/huggingface/tokenizers, tokenizers/src/processors/template.rs;
 * transformers, tokenization_utils_base.py.
 */
final class SavedTokenizer {

  /** What is behind the vocabulary; transformers adds it by itself. */
  private static final String PADDING = "<|pad%s|>";

  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).build());

  private final ObjectNode root;
  private final Tokenizer tokenizer;
  private final TextProcessing processing;

  private SavedTokenizer(ObjectNode root, Tokenizer tokenizer, TextProcessing processing) {
    this.root = root;
    this.tokenizer = tokenizer;
    this.processing = processing;
  }

  /**
   * A model's tokenizer.
   *
   * @param tokenizer cuts, padding and tokens around texts that its own file asks for do not count
   */
  static SavedTokenizer of(Tokenizer tokenizer, TextProcessing processing) throws IOException {
    return new SavedTokenizer((ObjectNode) JSON.readTree(tokenizer.json()), tokenizer, processing);
  }

  /** The content of tokenizer.json. */
  byte[] tokenizerJson() throws IOException {
    TextReading reading = processing.reading();
    root.putNull("truncation").putNull("padding");
    if (!reading.before().isEmpty() || !reading.after().isEmpty()) {
      root.set("post_processor", template(reading));
    } else if (!root.path("post_processor").path("type").asText().equals("ByteLevel")) {
      root.putNull("post_processor"); // the byte level's changes offsets alone
    }
    return JSON.writeValueAsBytes(root);
  }

  /**
   * The content of tokenizer_config.json.
   *
   * @param padding the token that fills up rows, if there is one
   */
  byte[] configJson(ModelConfig config, Optional<Padding> padding) throws IOException {
    TextReading reading = processing.reading();
    ObjectNode json = JSON.createObjectNode();
    // Any other class builds a tokenizer of its own from vocabulary and merges.
    json.put("tokenizer_class", "PreTrainedTokenizerFast");
    json.put("model_max_length", (int) reading.longest().orElse(config.contextLength()));
    json.put("truncation_side", reading.truncate() == Truncation.LEFT ? "left" : "right");
    json.put("padding_side", config.head().isClassifier() ? "right" : "left");
    json.put("clean_up_tokenization_spaces", false);
    processing.endOfText().stream()
        .filter(this::isToken)
        .findFirst()
        .ifPresent(id -> json.put("bos_token", name(id)).put("eos_token", name(id)));
    padding.ifPresent(
        each -> json.put("pad_token", isToken(each.id()) ? name(each.id()) : newName()));
    return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(json);
  }

  /**
   * The id that transformers gives a token which is not in the vocabulary, if no other one has it.
   *
   * <p>Source: tokenizers, tokenizer/added_vocabulary.rs.
   */
  Optional<Integer> paddingBehind() {
    int next = root.path("model").path("vocab").size();
    for (JsonNode token : root.path("added_tokens")) {
      next = Math.max(next, token.path("id").asInt() + 1);
    }
    return Optional.of(next).filter(id -> !isToken(id));
  }

  /**
   * A token that rows of prompts may be filled up with: one that ends no text if there is such a
   * one, since who trains further leaves the filling out. No ordinary one, since transformers makes
   * it special and leaves it out of texts.
   */
  Optional<Integer> paddingOfPrompts() {
    List<Integer> ends = processing.endOfText();
    Optional<Integer> special =
        StreamSupport.stream(root.path("added_tokens").spliterator(), false)
            .filter(token -> token.path("special").asBoolean())
            .map(token -> token.path("id").asInt())
            .filter(id -> !ends.contains(id))
            .reduce((first, last) -> last);
    return special.or(() -> ends.stream().filter(this::isToken).findFirst());
  }

  /** A name for the padding that no token has: transformers would take that one for it. */
  private String newName() {
    Set<String> taken = new HashSet<>();
    root.path("added_tokens").forEach(token -> taken.add(token.path("content").asText()));
    JsonNode vocabulary = root.path("model").path("vocab");
    if (vocabulary.isObject()) {
      vocabulary.fieldNames().forEachRemaining(taken::add);
    } else {
      vocabulary.forEach(token -> taken.add(token.path(0).asText()));
    }
    String name = PADDING.formatted("");
    for (int i = 1; taken.contains(name); i++) {
      name = PADDING.formatted(i);
    }
    return name;
  }

  /**
   * A tokenizer.json without a token that transformers added to it.
   *
   * @param id the token's
   */
  static byte[] without(byte[] json, int id) throws IOException {
    ObjectNode root = (ObjectNode) JSON.readTree(json);
    Iterator<JsonNode> added = root.path("added_tokens").elements();
    while (added.hasNext()) {
      if (added.next().path("id").asInt(-1) == id) {
        added.remove();
      }
    }
    root.path("model").path("vocab").properties().removeIf(token -> token.getValue().asInt() == id);
    return JSON.writeValueAsBytes(root);
  }

  private boolean isToken(int id) {
    return tokenizer.isToken(id);
  }

  private String name(int id) {
    for (JsonNode token : root.path("added_tokens")) {
      if (token.path("id").asInt(-1) == id) {
        return token.path("content").asText();
      }
    }
    JsonNode vocabulary = root.path("model").path("vocab");
    if (vocabulary.isArray()) { // Unigram: [token, score]
      return vocabulary.path(id).path(0).asText("token " + id);
    }
    return vocabulary.properties().stream()
        .filter(entry -> entry.getValue().asInt(-1) == id)
        .map(Map.Entry::getKey)
        .findFirst()
        .orElse("token " + id);
  }

  private JsonNode template(TextReading reading) {
    ObjectNode template = JSON.createObjectNode().put("type", "TemplateProcessing");
    ArrayNode single = template.putArray("single");
    part(single, reading, "A", 0);
    ArrayNode pair = template.putArray("pair");
    part(pair, reading, "A", 0);
    part(pair, reading, "B", 1);
    ObjectNode tokens = template.putObject("special_tokens");
    Map<String, Integer> named = new LinkedHashMap<>();
    reading.before().forEach(id -> named.put(name(id), id));
    reading.after().forEach(id -> named.put(name(id), id));
    named.forEach(
        (name, id) -> {
          ObjectNode token = tokens.putObject(name).put("id", name);
          token.putArray("ids").add(id);
          token.putArray("tokens").add(name);
        });
    return template;
  }

  private void part(ArrayNode template, TextReading reading, String sequence, int type) {
    reading.before().forEach(id -> special(template, id, type));
    template.addObject().putObject("Sequence").put("id", sequence).put("type_id", type);
    reading.after().forEach(id -> special(template, id, type));
  }

  private void special(ArrayNode template, int id, int type) {
    template.addObject().putObject("SpecialToken").put("id", name(id)).put("type_id", type);
  }
}
