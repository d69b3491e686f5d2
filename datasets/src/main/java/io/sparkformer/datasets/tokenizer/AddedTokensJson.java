package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.tokenizer.NotByteLevelException.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Comparator;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.StreamSupport;

/** The {@code added_tokens} of a tokenizer.json. */
public final class AddedTokensJson {

  private AddedTokensJson() {}

  static ArrayNode write(SortedMap<String, Integer> addedTokens, Set<String> ordinary) {
    ArrayNode section = JsonNodeFactory.instance.arrayNode();
    addedTokens.entrySet().stream()
        .sorted(Comparator.comparing(Map.Entry::getValue))
        .forEach(
            token ->
                section
                    .addObject()
                    .put("id", token.getValue())
                    .put("content", token.getKey())
                    .put("single_word", false)
                    .put("lstrip", false)
                    .put("rstrip", false)
                    .put("normalized", false)
                    .put("special", !ordinary.contains(token.getKey())));
    return section;
  }

  /** Contents of those that are not special. */
  static Set<String> ordinary(JsonNode section) {
    return StreamSupport.stream(section.spliterator(), false)
        .filter(token -> !token.path("special").asBoolean())
        .map(token -> token.path("content").asText())
        .collect(Collectors.toUnmodifiableSet());
  }

  /**
   * Ids by content, where tokens are found as {@link BpeModel} says.
   *
   * @param vocabulary the model's
   * @throws NotByteLevelException if the library looks for them in another way
   */
  static SortedMap<String, Integer> read(JsonNode section, Map<String, Integer> vocabulary)
      throws NotByteLevelException {
    SortedMap<String, Integer> ids = new TreeMap<>();
    Map<String, Integer> given = assigned(section, vocabulary);
    JsonNode normalized = section.path(0).path("normalized");
    for (JsonNode token : section) {
      String content = token.path("content").asText();
      int id = token.path("id").asInt(-1);
      boolean literal =
          !token.path("single_word").asBoolean()
              && !token.path("lstrip").asBoolean()
              && !token.path("rstrip").asBoolean()
              && !content.isEmpty()
              && content.codePoints().noneMatch(AddedTokensJson::isSpace);
      require(
          literal && ByteAlphabet.decodesToItself(content),
          "the added token '%s' is not found literally",
          content);
      require(
          token.path("normalized").equals(normalized),
          "the added token '%s' is found before or after others",
          content);
      require(
          given.get(content) == id && ids.put(content, id) == null,
          "the added token '%s' does not have the id %d",
          content,
          id);
    }
    return ids;
  }

  /**
   * The ids that the library gives added tokens, whatever the file says: the vocabulary's, or the
   * next ones behind it; it skips those without content.
   */
  static Map<String, Integer> assigned(JsonNode section, Map<String, Integer> vocabulary) {
    Map<String, Integer> ids = new HashMap<>();
    int next = vocabulary.size();
    for (JsonNode token : section) {
      String content = token.path("content").asText();
      Integer known = vocabulary.get(content);
      if (!content.isEmpty()) {
        int id = known == null ? ids.getOrDefault(content, next) : known;
        ids.put(content, id);
        next = Math.max(next, id + 1);
      }
    }
    return ids;
  }

  public static boolean isSpace(int codePoint) {
    return Character.isWhitespace(codePoint)
        || Character.isSpaceChar(codePoint)
        || codePoint == 0x85;
  }
}
