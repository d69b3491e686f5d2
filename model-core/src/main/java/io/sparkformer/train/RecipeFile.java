package io.sparkformer.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A recipe's YAML: the defaults, overlaid by a file, overlaid by {@code --set key=value}. */
public final class RecipeFile {

  private static final ObjectMapper YAML =
      YAMLMapper.builder()
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
          .build();

  /** YAML 1.1 reads 1e-3 as text: only 1.0e-3 is a number there. */
  private static final Pattern NUMBER =
      Pattern.compile("[-+]?[0-9]+(\\.[0-9]*)?([eE][-+]?[0-9]+)?");

  private static final String DEFAULTS = "recipe-defaults.yaml";

  private final ObjectNode values;

  private RecipeFile(ObjectNode values) {
    this.values = values;
  }

  /** The defaults alone. */
  public static RecipeFile defaults() {
    try (InputStream in = RecipeFile.class.getResourceAsStream(DEFAULTS)) {
      return new RecipeFile((ObjectNode) YAML.readTree(in));
    } catch (IOException e) {
      throw new UncheckedIOException("cannot read the resource " + DEFAULTS, e);
    }
  }

  /**
   * Reads a file over the defaults.
   *
   * @throws InvalidInputException if there is no such file, it is not YAML, or it has an unknown
   *     key or a value of the wrong type
   */
  public static RecipeFile read(FileSystem fileSystem, Path file) throws IOException {
    require(fileSystem.exists(file), "%s: no such recipe: check the path given to --config", file);
    require(
        fileSystem.getFileStatus(file).isFile(),
        "%s is a directory: --config takes a recipe's YAML file",
        file);
    try (InputStream in = fileSystem.open(file)) {
      return parse(new String(in.readAllBytes(), StandardCharsets.UTF_8), file.toString());
    }
  }

  /**
   * Reads a text over the defaults.
   *
   * @param source named in messages
   */
  public static RecipeFile parse(String text, String source) {
    RecipeFile recipe = defaults();
    JsonNode root = tree(text, source);
    if (!root.isMissingNode() && !root.isNull()) {
      require(root.isObject(), "%s is not a recipe: it must have sections such as model:", source);
      overlay(recipe.values, (ObjectNode) root, "", source);
    }
    return recipe;
  }

  private static JsonNode tree(String text, String source) {
    try (MappingIterator<JsonNode> documents = YAML.readerFor(JsonNode.class).readValues(text)) {
      JsonNode root =
          documents.hasNextValue() ? documents.nextValue() : YAML.getNodeFactory().missingNode();
      require(
          !documents.hasNextValue(),
          "%s is not a recipe: it holds more than one YAML document: make a file of each",
          source);
      return root;
    } catch (JsonProcessingException e) {
      throw new InvalidInputException(
          String.format(
              "%s is not YAML: line %d: %s",
              source, e.getLocation().getLineNr(), problem(e.getOriginalMessage())),
          e);
    } catch (IOException e) {
      throw new UncheckedIOException("reading from memory failed", e);
    }
  }

  /**
   * The recipe with single values replaced.
   *
   * @param settings {@code section.key=value} each
   */
  public RecipeFile with(List<String> settings) {
    ObjectNode copy = values.deepCopy();
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      int dot = setting.indexOf('.');
      require(
          dot > 0 && equals > dot,
          "--set %s: it must be section.key=value, as in training.max-steps=100",
          setting);
      ObjectNode change = YAML.createObjectNode();
      change
          .putObject(setting.substring(0, dot))
          .set(setting.substring(dot + 1, equals), scalar(setting, setting.substring(equals + 1)));
      overlay(copy, change, "", "--set " + setting);
    }
    return new RecipeFile(copy);
  }

  private static JsonNode scalar(String setting, String text) {
    try {
      return YAML.readTree(text);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException(String.format("--set %s: the value is not YAML", setting), e);
    }
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
      return YAML.getNodeFactory().numberNode(Double.parseDouble(given));
    }
    if (before.isBoolean()) {
      require(value.isBoolean(), "%s: %s is '%s': it must be true or false", source, key, given);
      return value;
    }
    require(value.isTextual(), "%s: %s is '%s': it must be a word", source, key, given);
    return value;
  }

  private static String shown(JsonNode value) {
    if (value.isNull() || value.isMissingNode()) {
      return "";
    }
    return value.isValueNode() ? value.asText() : value.toString();
  }

  /**
   * The checked recipe for a data set.
   *
   * @param vocabSize the data set's; the model's may be larger, not smaller
   * @throws InvalidInputException if a value is impossible
   */
  public Recipe bind(int vocabSize) {
    ObjectNode bound = values.deepCopy();
    ObjectNode model = (ObjectNode) bound.get("model");
    long given = model.get("vocab-size").asLong();
    require(
        given == 0 || given >= vocabSize,
        "model.vocab-size is %d, but the data set has %d tokens: leave the key away, or raise it",
        given,
        vocabSize);
    model.put("vocab-size", given == 0 ? vocabSize : given);
    try {
      return YAML.treeToValue(bound, Recipe.class);
    } catch (JsonProcessingException e) {
      throw mistake(e);
    }
  }

  private InvalidInputException mistake(JsonProcessingException e) {
    if (e.getCause() instanceof InvalidInputException own) {
      return own;
    }
    String key =
        e instanceof JsonMappingException mapping
            ? String.join(
                ".",
                mapping.getPath().stream()
                    .map(JsonMappingException.Reference::getFieldName)
                    .toList())
            : "";
    if (e instanceof InvalidFormatException format && format.getTargetType().isEnum()) {
      return new InvalidInputException(
          String.format(
              "%s is '%s': it must be one of %s",
              key, format.getValue(), choices(format.getTargetType())),
          e);
    }
    if (e.getCause() instanceof InputCoercionException) {
      JsonNode given = values.at("/" + key.replace('.', '/'));
      return new InvalidInputException(
          String.format("%s is %s: it must be at most %d", key, given, Integer.MAX_VALUE), e);
    }
    return new InvalidInputException(
        String.format("%s: %s", key, firstLine(e.getOriginalMessage())), e);
  }

  private static String choices(Class<?> type) {
    List<String> choices = new ArrayList<>();
    for (Object constant : type.getEnumConstants()) {
      choices.add(YAML.convertValue(constant, String.class));
    }
    return String.join(", ", choices);
  }

  /** Of "while parsing X", an indented place and "found Y" and its place, what was found. */
  private static String problem(String message) {
    return message
        .lines()
        .filter(line -> !line.isEmpty() && !line.startsWith(" "))
        .reduce("", (first, next) -> next);
  }

  private static String firstLine(String message) {
    return message.lines().findFirst().orElse("");
  }

  /** The recipe as YAML, every key spelled out. */
  public String yaml() {
    try {
      return YAML.writeValueAsString(values);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of values has no YAML form", e);
    }
  }
}
