package io.sparkformer.model;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.util.Map;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * A tokenizer.json with which HuggingFace's library reads texts as a model was trained to: the
 * token that is appended is its post-processor's.
 *
 * <p>Source: github.com/huggingface/tokenizers, tokenizers/src/processors/template.rs.
 */
final class ReadingTokenizer {

  private static final ObjectMapper JSON =
      new ObjectMapper(
          JsonFactory.builder().disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES).build());

  private ReadingTokenizer() {}

  /**
   * The file's content.
   *
   * @param tokenizer content of the one that the model was trained with; cuts, padding and tokens
   *     around texts that it asks for were left out in training, too
   */
  static byte[] json(byte[] tokenizer, TextReading reading) throws IOException {
    ObjectNode root = (ObjectNode) JSON.readTree(tokenizer);
    root.putNull("truncation").putNull("padding");
    if (reading.appended().isPresent()) {
      int id = reading.appended().get();
      root.set("post_processor", appending(id, name(root, id)));
    } else if (!root.path("post_processor").path("type").asText().equals("ByteLevel")) {
      root.putNull("post_processor"); // the byte level's changes offsets alone
    }
    return JSON.writeValueAsBytes(root);
  }

  private static String name(ObjectNode root, int id) {
    Stream<String> added =
        StreamSupport.stream(root.path("added_tokens").spliterator(), false)
            .filter(token -> token.path("id").asInt(-1) == id)
            .map(token -> token.path("content").asText());
    Stream<String> known =
        root.path("model").path("vocab").properties().stream()
            .filter(entry -> entry.getValue().asInt(-1) == id)
            .map(Map.Entry::getKey);
    return Stream.concat(added, known).findFirst().orElse("token " + id);
  }

  private static JsonNode appending(int id, String name) {
    ObjectNode template = JSON.createObjectNode().put("type", "TemplateProcessing");
    append(sequence(template.putArray("single"), "A", 0), name, 0);
    ArrayNode pair = sequence(template.putArray("pair"), "A", 0);
    append(pair, name, 0);
    append(sequence(pair, "B", 1), name, 1);
    ObjectNode token = template.putObject("special_tokens").putObject(name).put("id", name);
    token.putArray("ids").add(id);
    token.putArray("tokens").add(name);
    return template;
  }

  private static ArrayNode sequence(ArrayNode template, String sequence, int type) {
    template.addObject().putObject("Sequence").put("id", sequence).put("type_id", type);
    return template;
  }

  private static void append(ArrayNode template, String token, int type) {
    template.addObject().putObject("SpecialToken").put("id", token).put("type_id", type);
  }
}
