package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.datasets.InvalidInputException;
import java.util.ArrayList;
import java.util.List;

/**
 * The {@code post_processor} of a tokenizer.json: what it puts around a lone text.
 *
 * <p>Source: github.com/huggingface/tokenizers, tokenizers/src/processors.
 */
record PostProcessorJson(String file) {

  /**
   * The tokens around texts.
   *
   * @throws InvalidInputException if it does something else, or is damaged
   */
  AroundText read(JsonNode section) {
    if (section.isMissingNode() || section.isNull()) {
      return AroundText.NOTHING;
    }
    String type = section.path("type").asText();
    return switch (type) {
      case "ByteLevel" -> AroundText.NOTHING; // changes offsets alone
      case "TemplateProcessing" -> template(section);
      case "BertProcessing", "RobertaProcessing" ->
          new AroundText(List.of(id(section.path("cls"))), List.of(id(section.path("sep"))));
      case "Sequence" -> sequence(section.path("processors"));
      default -> throw damaged("its post_processor is '" + type + "', which is not known");
    };
  }

  /** Each works on what the one before has made. */
  private AroundText sequence(JsonNode processors) {
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    for (JsonNode processor : processors) {
      AroundText outer = read(processor);
      before.addAll(0, outer.before());
      after.addAll(outer.after());
    }
    return new AroundText(before, after);
  }

  private AroundText template(JsonNode section) {
    List<Integer> before = new ArrayList<>();
    List<Integer> after = new ArrayList<>();
    boolean seen = false;
    for (JsonNode piece : section.path("single")) {
      if (piece.has("Sequence")) {
        require(!seen, "%s: its post_processor repeats the text, which is not supported", file);
        seen = true;
      } else {
        String name = piece.path("SpecialToken").path("id").asText();
        JsonNode ids = section.path("special_tokens").path(name).path("ids");
        require(
            ids.isArray(),
            "%s: its post_processor has no ids for '%s': copy it again, or make it again",
            file,
            name);
        for (JsonNode id : ids) {
          (seen ? after : before).add(number(id));
        }
      }
    }
    require(seen, "%s: its post_processor leaves the text out: copy it again", file);
    return new AroundText(before, after);
  }

  /** Of a pair [token, id]. */
  private int id(JsonNode pair) {
    return number(pair.path(1));
  }

  private int number(JsonNode id) {
    if (!id.isInt()) {
      throw damaged("its post_processor has '" + id + "' where a token's id should be");
    }
    return id.asInt();
  }

  private InvalidInputException damaged(String problem) {
    return new InvalidInputException(
        String.format("%s: %s: copy it again, or make it again", file, problem));
  }
}
