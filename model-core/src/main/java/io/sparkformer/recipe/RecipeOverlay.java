package io.sparkformer.recipe;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** Puts given values over known ones: only known keys, only of the types that they have. */
final class RecipeOverlay {

  /** YAML 1.1 reads 1e-3 as text: only 1.0e-3 is a number there. */
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?[0-9]+(\\.[0-9]*)?([eE][-+]?[0-9]+)?");

  private RecipeOverlay() {}

  /**
   * Replaces values.
   *
   * @param source of those that are given, for messages
   * @throws io.sparkformer.datasets.InvalidInputException if a key is unknown, or its value of
   *     another type
   */
  static void put(ObjectNode known, ObjectNode given, String source) {
    overlay(known, given, "", source);
  }

  private static void overlay(ObjectNode known, ObjectNode given, String prefix, String source) {
    for (Map.Entry<String, JsonNode> field : given.properties()) {
      String key = prefix + field.getKey();
      JsonNode before = known.get(field.getKey());
      require(
          before != null,
          "%s: unknown key '%s': known here are %s",
          source,
          key,
          names(known, prefix));
      JsonNode value = field.getValue();
      if (before.isObject()) {
        require(
            value.isObject(),
            "%s: '%s' is a section: it must hold keys such as %s",
            source,
            key,
            names((ObjectNode) before, key + "."));
        overlay((ObjectNode) before, (ObjectNode) value, key + ".", source);
      } else {
        known.set(field.getKey(), typed(before, value, key, source));
      }
    }
  }

  private static String names(ObjectNode node, String prefix) {
    List<String> names = new ArrayList<>();
    node.fieldNames().forEachRemaining(name -> names.add(prefix + name));
    return String.join(", ", names);
  }

  /** The value, of the type that the default has. */
  private static JsonNode typed(JsonNode before, JsonNode value, String key, String source) {
    String given = shown(value);
    boolean number = value.isNumber() || NUMBER.matcher(given).matches();
    if (before.isIntegralNumber()) {
      require(
          value.isIntegralNumber() && value.canConvertToLong(),
          "%s: %s is '%s': it must be a whole number",
          source,
          key,
          given);
      return value;
    }
    if (before.isNumber()) {
      require(number, "%s: %s is '%s': it must be a number", source, key, given);
      return JsonNodeFactory.instance.numberNode(Double.parseDouble(given));
    }
    if (before.isArray()) {
      require(
          isListOfScalars(value),
          "%s: %s is '%s': it must be a list, as in [a, b]",
          source,
          key,
          given);
      return value;
    }
    if (before.isBoolean()) {
      require(value.isBoolean(), "%s: %s is '%s': it must be true or false", source, key, given);
      return value;
    }
    require(value.isTextual(), "%s: %s is '%s': it must be a word", source, key, given);
    return value;
  }

  private static boolean isListOfScalars(JsonNode value) {
    boolean scalars = value.isArray();
    for (JsonNode element : value) {
      scalars &= element.isValueNode() && !element.isNull();
    }
    return scalars;
  }

  private static String shown(JsonNode value) {
    if (value.isNull() || value.isMissingNode()) {
      return "";
    }
    return value.isValueNode() ? value.asText() : value.toString();
  }
}
