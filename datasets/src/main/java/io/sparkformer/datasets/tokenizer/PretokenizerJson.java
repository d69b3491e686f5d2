package io.sparkformer.datasets.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import java.util.Map;
import java.util.Optional;

/** The {@code pre_tokenizer} of a tokenizer.json, where it is one of {@link Pretokenizer}'s. */
final class PretokenizerJson {

  private static final String GPT2 =
      "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+";
  private static final String CL100K =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}{1,3}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String QWEN2 =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}"
          + "| ?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  private static final String O200K =
      "[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]*[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]+"
          + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
          + "|[^\\r\\n\\p{L}\\p{N}]?[\\p{Lu}\\p{Lt}\\p{Lm}\\p{Lo}\\p{M}]+[\\p{Ll}\\p{Lm}\\p{Lo}\\p{M}]*"
          + "(?i:'s|'t|'re|'ve|'m|'ll|'d)?"
          + "|\\p{N}{1,3}| ?[^\\s\\p{L}\\p{N}]+[\\r\\n/]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";

  private static final Map<String, Pretokenizer> BY_PATTERN =
      Map.of(
          GPT2, Pretokenizer.GPT2,
          CL100K, Pretokenizer.CL100K,
          QWEN2, Pretokenizer.QWEN2,
          O200K, Pretokenizer.O200K);

  record Cutting(Pretokenizer pretokenizer, PrefixSpace prefixSpace) {}

  private PretokenizerJson() {}

  static JsonNode write(Cutting cutting) {
    boolean prefixed = cutting.prefixSpace() == PrefixSpace.ADDED;
    if (cutting.pretokenizer() == Pretokenizer.GPT2) {
      return byteLevel(prefixed, true);
    }
    if (prefixed) {
      throw new IllegalArgumentException(
          "only GPT-2's pre-tokenizer puts spaces before texts, not " + cutting.pretokenizer());
    }
    ObjectNode sequence = JsonNodeFactory.instance.objectNode().put("type", "Sequence");
    sequence.putArray("pretokenizers").add(split(cutting)).add(byteLevel(false, false));
    return sequence;
  }

  private static ObjectNode split(Cutting cutting) {
    ObjectNode split = JsonNodeFactory.instance.objectNode().put("type", "Split");
    split.putObject("pattern").put("Regex", pattern(cutting.pretokenizer()));
    return split.put("behavior", "Isolated").put("invert", false);
  }

  static ObjectNode byteLevel(boolean addPrefixSpace, boolean useRegex) {
    return JsonNodeFactory.instance
        .objectNode()
        .put("type", "ByteLevel")
        .put("add_prefix_space", addPrefixSpace)
        .put("trim_offsets", true)
        .put("use_regex", useRegex);
  }

  /** What a section says, empty if it is anything else than {@link Pretokenizer} has. */
  static Optional<Cutting> read(JsonNode section) {
    if (isByteLevel(section, true)) {
      boolean prefixed = section.path("add_prefix_space").booleanValue();
      return Optional.of(
          new Cutting(Pretokenizer.GPT2, prefixed ? PrefixSpace.ADDED : PrefixSpace.NONE));
    }
    JsonNode parts = section.path("pretokenizers");
    boolean known =
        section.path("type").asText().equals("Sequence")
            && parts.size() == 2
            && keepsMatches(parts.get(0))
            && isByteLevel(parts.get(1), false)
            && !parts.get(1).path("add_prefix_space").booleanValue();
    return known
        ? Optional.ofNullable(BY_PATTERN.get(parts.get(0).path("pattern").path("Regex").asText()))
            .map(pretokenizer -> new Cutting(pretokenizer, PrefixSpace.NONE))
        : Optional.empty();
  }

  /** The patterns match every character: what is between the matches is nothing. */
  private static boolean keepsMatches(JsonNode split) {
    String behavior = split.path("behavior").asText();
    boolean invert = split.path("invert").booleanValue();
    return split.path("type").asText().equals("Split")
        && (invert ? behavior.equals("Removed") : behavior.equals("Isolated"));
  }

  private static boolean isByteLevel(JsonNode section, boolean useRegex) {
    return section.path("type").asText().equals("ByteLevel")
        && section.path("add_prefix_space").isBoolean()
        && section.path("use_regex").asBoolean(true) == useRegex;
  }

  private static String pattern(Pretokenizer pretokenizer) {
    return switch (pretokenizer) {
      case GPT2 -> GPT2;
      case CL100K -> CL100K;
      case QWEN2 -> QWEN2;
      case O200K -> O200K;
    };
  }
}
