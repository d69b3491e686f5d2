package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.util.Arrays;
import java.util.Map;

/**
 * A character vocabulary as HuggingFace tokenizer.json (github.com/huggingface/tokenizers).
 *
 * <p>Every character is its own word: a Split pre-tokenizer isolates it, a WordLevel model maps it
 * to its id, a Fuse decoder joins again without spaces. The unknown token is deliberately not in
 * the vocabulary, which makes the library refuse unknown characters instead of replacing them.
 */
final class CharTokenizerJson {

  private static final String ANY_CHARACTER = "[\\s\\S]";
  private static final String UNKNOWN_TOKEN = "[UNK]";
  private static final ObjectMapper JSON = new ObjectMapper();

  private CharTokenizerJson() {}

  static byte[] write(int[] codePoints) {
    ObjectNode root = JSON.createObjectNode().put("version", "1.0");
    root.putNull("truncation").putNull("padding").putArray("added_tokens");
    root.putNull("normalizer");
    ObjectNode split = root.putObject("pre_tokenizer").put("type", "Split");
    split.putObject("pattern").put("Regex", ANY_CHARACTER);
    split.put("behavior", "Isolated").put("invert", false);
    root.putNull("post_processor");
    root.putObject("decoder").put("type", "Fuse");
    ObjectNode model = root.putObject("model").put("type", "WordLevel");
    ObjectNode vocabulary = model.putObject("vocab");
    for (int id = 0; id < codePoints.length; id++) {
      vocabulary.put(Character.toString(codePoints[id]), id);
    }
    model.put("unk_token", UNKNOWN_TOKEN);
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e); // a tree is always valid
    }
  }

  /** Whether a tokenizer.json is of this form, its vocabulary apart. */
  static boolean recognises(JsonNode root) {
    JsonNode split = root.path("pre_tokenizer");
    boolean isolatesCharacters =
        split.path("type").asText().equals("Split")
            && split.path("pattern").path("Regex").asText().equals(ANY_CHARACTER)
            && split.path("behavior").asText().equals("Isolated");
    return root.path("model").path("type").asText().equals("WordLevel")
        && isolatesCharacters
        && isNothing(root.path("normalizer"))
        && root.path("added_tokens").isEmpty()
        && putsNothingAround(root.path("post_processor"));
  }

  private static boolean putsNothingAround(JsonNode postProcessor) {
    return new PostProcessorJson(Tokenizer.FILE_NAME)
        .read(postProcessor)
        .equals(AroundText.NOTHING);
  }

  /** The vocabulary of one that is recognised. */
  static int[] read(JsonNode root, String file) {
    return codePoints(root.path("model").path("vocab"), file);
  }

  private static boolean isNothing(JsonNode node) {
    return node.isNull() || node.isMissingNode();
  }

  private static int[] codePoints(JsonNode vocabulary, String file) {
    require(
        vocabulary.isObject() && !vocabulary.isEmpty(),
        "%s has an empty vocabulary: copy it again, or make it again",
        file);
    int[] codePoints = new int[vocabulary.size()];
    Arrays.fill(codePoints, -1);
    for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
      String token = entry.getKey();
      int id = entry.getValue().isInt() ? entry.getValue().asInt() : -1;
      boolean isCharacter = !token.isEmpty() && token.codePointCount(0, token.length()) == 1;
      require(
          isCharacter
              && CharTokenizer.isScalarValue(token.codePointAt(0))
              && id >= 0
              && id < codePoints.length
              && codePoints[id] < 0,
          "%s: token '%s' with id %s does not fit a vocabulary of %d single characters: copy it again, or make it again",
          file,
          token,
          entry.getValue(),
          codePoints.length);
      codePoints[id] = token.codePointAt(0);
    }
    for (int id = 1; id < codePoints.length; id++) {
      require(
          codePoints[id - 1] < codePoints[id],
          "%s: the ids do not follow the order of the characters (at id %d): make it again with the tokenize job",
          file,
          id);
    }
    return codePoints;
  }
}
