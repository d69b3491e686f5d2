package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import java.util.Base64;
import java.util.regex.Pattern;
import java.util.regex.PatternSyntaxException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A tokenizer.json as HuggingFace's library is given it, which is native code: where it does not
 * expect a file's damage, it ends the whole process.
 *
 * <p>Source: github.com/huggingface/tokenizers at 0.21.4, its indexing of what it has read.
 *
 * @param root the file's tree
 * @param name of the file, for messages
 */
record LibraryJson(JsonNode root, String name) {

  private static final Logger LOG = LoggerFactory.getLogger(LibraryJson.class);

  private static final ObjectMapper JSON = new ObjectMapper();

  // Parts are known by what only they have: the library takes them without their types, too.
  private static final String MAP = "precompiled_charsmap";
  private static final String STOP = "stop";

  /** It reads up to 128 levels; on a decoder with more it ends the process. */
  private static final int MAX_DEPTH = 100;

  /**
   * The content, without what is not asked of the library: cuts, padding, tokens around texts.
   *
   * @throws InvalidInputException if the library would not survive it
   */
  static byte[] of(JsonNode root, String name) {
    LibraryJson json = new LibraryJson(root, name);
    json.requireReadable(root, 0);
    json.requireMerges();
    root.path("normalizer").findParents("type").forEach(json::requireMapOfPrecompiled);
    root.path("normalizer").findParents("pattern").forEach(json::requireReplacesSomething);
    root.path("normalizer").findParents(MAP).forEach(json::requireMap);
    root.path("decoder").findParents(STOP).forEach(json::requireDecoder);
    ObjectNode plain = JSON.createObjectNode().setAll((ObjectNode) root);
    plain.putNull("truncation").putNull("padding").putNull("post_processor");
    try {
      return JSON.writeValueAsBytes(plain);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException(
          String.format("%s is no valid text (%s): copy it again", name, Reason.of(e)), e);
    }
  }

  /** Nested no deeper, and no larger numbers, than its parser takes. */
  private void requireReadable(JsonNode node, int depth) {
    require(depth < MAX_DEPTH, "%s nests deeper than any tokenizer: copy it again", name);
    require(
        !node.isNumber()
            || (node.isIntegralNumber()
                ? node.canConvertToLong()
                : Double.isFinite(node.asDouble())),
        "%s has a number that is out of range, %s: copy it again",
        name,
        node);
    for (JsonNode child : node) {
      requireReadable(child, depth + 1);
    }
  }

  /** It cuts the prefix off the second part of every merge, whether it is there or not. */
  private void requireMerges() {
    String prefix = root.path("model").path("continuing_subword_prefix").asText("");
    if (prefix.isEmpty() || !root.path("model").has("merges")) {
      return;
    }
    require(
        prefix.chars().allMatch(letter -> letter < 0x80),
        "%s: its continuing_subword_prefix is '%s', which is not ASCII: copy it again",
        name,
        prefix);
    for (JsonNode merge : root.path("model").path("merges")) {
      String text = merge.isTextual() ? merge.asText() : " " + merge.path(1).asText();
      require(
          text.startsWith(prefix, text.indexOf(' ') + 1),
          "%s: the second part of its merge '%s' does not begin with the continuing_subword_prefix '%s':"
              + " copy it again",
          name,
          merge,
          prefix);
    }
  }

  /** It loses count of a text's characters where nothing is replaced by something. */
  private void requireReplacesSomething(JsonNode normalizer) {
    JsonNode pattern = normalizer.path("pattern");
    String regex = pattern.path("Regex").asText("x");
    boolean ofNothing;
    try {
      ofNothing = Pattern.compile(regex).matcher("").find();
    } catch (PatternSyntaxException e) {
      ofNothing = true; // of another syntax, in which it may well be
    }
    require(
        !ofNothing && !pattern.path("String").asText("x").isEmpty(),
        "%s: its normalizer replaces '%s', which may be found where nothing is: give another tokenizer.json",
        name,
        pattern);
  }

  private void requireMapOfPrecompiled(JsonNode normalizer) {
    if (normalizer.path("type").asText().equals("Precompiled")) {
      requireMap(normalizer);
    }
  }

  /** Its decoder of base64 is stricter than Java's. */
  private void requireMap(JsonNode normalizer) {
    String text = normalizer.path(MAP).asText();
    byte[] map = {};
    try {
      map = Base64.getDecoder().decode(text);
    } catch (IllegalArgumentException e) {
      LOG.debug("{}: {}", name, e.getMessage()); // said below
    }
    require(
        Base64.getEncoder().encodeToString(map).equals(text) && CharsMap.isWhole(map),
        "%s: its precompiled_charsmap is cut short, or points to places outside of itself: copy it again",
        name);
  }

  /** It takes as many characters off a token's end, though it has fewer. */
  private void requireDecoder(JsonNode decoder) {
    JsonNode stop = decoder.path(STOP);
    require(
        stop.isInt() && stop.asInt() == 0,
        "%s: its decoder strips %s characters off the ends of tokens, which is not supported: give"
            + " another tokenizer.json",
        name,
        stop);
  }
}
