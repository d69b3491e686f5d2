package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.tokenizer.NotByteLevelException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.tokenizer.BpeModel.Merges;
import io.sparkformer.datasets.tokenizer.BpeModel.WholePieces;
import io.sparkformer.datasets.tokenizer.PretokenizerJson.Cutting;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;

/**
 * A byte-level BPE as HuggingFace tokenizer.json (github.com/huggingface/tokenizers).
 *
 * <p>Only what {@link BpeModel} holds exactly is read: the library is there for all else.
 */
public final class BpeJson {

  private static final ObjectMapper JSON = new ObjectMapper();

  /** They only add special tokens and change offsets, neither of which is asked for here. */
  private static final Set<String> POST_PROCESSORS =
      Set.of("ByteLevel", "TemplateProcessing", "RobertaProcessing", "BertProcessing", "Sequence");

  private BpeJson() {}

  /**
   * As tokenizer.json, UTF-8.
   *
   * @throws IllegalArgumentException if it cannot be said there: spaces put before texts, with
   *     another pre-tokenizer than GPT-2's
   */
  public static byte[] write(BpeModel model) {
    ObjectNode root = JSON.createObjectNode().put("version", "1.0");
    root.putNull("truncation").putNull("padding");
    root.set("added_tokens", AddedTokensJson.write(model.addedTokens(), model.ordinary()));
    root.putNull("normalizer");
    root.set(
        "pre_tokenizer",
        PretokenizerJson.write(new Cutting(model.pretokenizer(), model.prefixSpace())));
    root.putNull("post_processor");
    root.set("decoder", PretokenizerJson.byteLevel(true, true));
    ObjectNode section = root.putObject("model").put("type", "BPE");
    section.putNull("dropout").putNull("unk_token");
    section.putNull("continuing_subword_prefix").putNull("end_of_word_suffix");
    section.put("fuse_unk", false).put("byte_fallback", false);
    section.put("ignore_merges", model.pieces() == WholePieces.LOOKED_UP);
    String[] texts = texts(model);
    writeVocabulary(texts, section.putObject("vocab"));
    writeMerges(texts, model.merges(), section.putArray("merges"));
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e); // a tree is always valid
    }
  }

  /** What stands for each id in the vocabulary; empty where an id is not used. */
  private static String[] texts(BpeModel model) {
    String[] texts = new String[model.tokens().length];
    for (int id = 0; id < texts.length; id++) {
      texts[id] = ByteAlphabet.text(model.tokens()[id]);
    }
    model.addedTokens().forEach((content, id) -> texts[id] = content);
    return texts;
  }

  private static void writeVocabulary(String[] texts, ObjectNode section) {
    for (int id = 0; id < texts.length; id++) {
      if (!texts[id].isEmpty()) {
        section.put(texts[id], id);
      }
    }
  }

  private static void writeMerges(String[] texts, Merges merges, ArrayNode section) {
    for (int rank = 0; rank < merges.merged().length; rank++) {
      section.add(texts[merges.left()[rank]] + " " + texts[merges.right()[rank]]);
    }
  }

  /**
   * The model of a tokenizer.json.
   *
   * @throws NotByteLevelException if it is not a byte-level BPE with exactly the ids that {@link
   *     BpeModel} gives, with the reason
   */
  static BpeModel read(JsonNode root) throws NotByteLevelException {
    JsonNode model = root.path("model");
    requireBpe(model);
    require(isNothing(root.path("normalizer")), "it has a normalizer");
    requireType(root.path("decoder"), Set.of("ByteLevel"), "decoder");
    if (!isNothing(root.path("post_processor"))) {
      requireType(root.path("post_processor"), POST_PROCESSORS, "post_processor");
    }
    Optional<Cutting> cutting = PretokenizerJson.read(root.path("pre_tokenizer"));
    require(cutting.isPresent(), "its pre_tokenizer is %s", root.path("pre_tokenizer"));
    Map<String, Integer> ids = vocabulary(model.path("vocab"));
    SortedMap<String, Integer> added = AddedTokensJson.read(root.path("added_tokens"), ids);
    BpeAssembly assembly = new BpeAssembly(ids, merges(model.path("merges")), added);
    return new BpeModel(
        cutting.orElseThrow().pretokenizer(),
        assembly.tokens(),
        assembly.merges(),
        added,
        AddedTokensJson.ordinary(root.path("added_tokens")),
        model.path("ignore_merges").asBoolean() ? WholePieces.LOOKED_UP : WholePieces.MERGED,
        cutting.orElseThrow().prefixSpace());
  }

  private static void requireBpe(JsonNode model) throws NotByteLevelException {
    String type = model.path("type").asText("BPE");
    require(
        type.equals("BPE") && model.path("vocab").isObject() && model.path("merges").isArray(),
        "its model is a %s",
        type);
    require(model.path("dropout").asDouble() == 0, "its model drops merges");
    require(!model.path("byte_fallback").asBoolean(), "its model falls back to bytes");
    for (String affix : List.of("continuing_subword_prefix", "end_of_word_suffix")) {
      require(
          isNothing(model.path(affix)) || model.path(affix).asText().isEmpty(),
          "its model has a %s",
          affix);
    }
  }

  private static void requireType(JsonNode section, Set<String> types, String name)
      throws NotByteLevelException {
    String type = section.path("type").asText();
    require(types.contains(type), "its %s is '%s'", name, type);
  }

  static Map<String, Integer> vocabulary(JsonNode section) throws NotByteLevelException {
    Map<String, Integer> ids = new HashMap<>(2 * section.size());
    for (Map.Entry<String, JsonNode> entry : section.properties()) {
      JsonNode id = entry.getValue();
      require(id.canConvertToInt() && id.isInt(), "token '%s' has the id %s", entry.getKey(), id);
      ids.put(entry.getKey(), id.asInt());
    }
    return ids;
  }

  private static List<String> merges(JsonNode section) {
    List<String> merges = new ArrayList<>(section.size());
    for (JsonNode merge : section) {
      merges.add(
          merge.isTextual()
              ? merge.asText()
              : merge.path(0).asText() + " " + merge.path(1).asText());
    }
    return merges;
  }

  private static boolean isNothing(JsonNode node) {
    return node.isNull() || node.isMissingNode();
  }
}
