package io.sparkformer.recipe;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.exc.InputCoercionException;
import com.fasterxml.jackson.databind.JsonMappingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.MappingIterator;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.exc.InvalidFormatException;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLFactory;
import com.fasterxml.jackson.dataformat.yaml.YAMLGenerator;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A recipe's YAML: the defaults, overlaid by a file, overlaid by {@code --set key=value}. */
public final class RecipeFile {

  /** Levels of brackets and indents, of which recipes have four. */
  private static final int MAX_DEPTH = 50;

  private static final ObjectMapper YAML =
      YAMLMapper.builder(
              YAMLFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder().maxNestingDepth(MAX_DEPTH).build())
                  .build())
          .enable(JsonParser.Feature.STRICT_DUPLICATE_DETECTION)
          .disable(YAMLGenerator.Feature.WRITE_DOC_START_MARKER)
          .enable(YAMLGenerator.Feature.MINIMIZE_QUOTES)
          .propertyNamingStrategy(PropertyNamingStrategies.KEBAB_CASE)
          .build();

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
    return parse(
        new String(WholeFile.read(fileSystem, file), StandardCharsets.UTF_8), file.toString());
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
      RecipeOverlay.put(recipe.values, (ObjectNode) root, source);
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
              "%s is not YAML: line %d: %s%s",
              source, e.getLocation().getLineNr(), problem(e.getOriginalMessage()), hint(text)),
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
      String[] sections = setting.substring(0, equals).split("\\.", -1);
      ObjectNode section = change;
      for (String name : List.of(sections).subList(0, sections.length - 1)) {
        section = section.putObject(name);
      }
      section.set(sections[sections.length - 1], scalar(setting, setting.substring(equals + 1)));
      RecipeOverlay.put(copy, change, "--set " + setting);
    }
    return new RecipeFile(copy);
  }

  /** A star is an alias in YAML, and common in patterns. */
  private static String hint(String text) {
    return text.contains("*") ? ": quote what begins with *, as in ['*.bias']" : "";
  }

  private static JsonNode scalar(String setting, String text) {
    try {
      return YAML.readTree(text);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException(
          String.format("--set %s: the value is not YAML%s", setting, hint(text)), e);
    }
  }

  /**
   * The checked recipe for a data set.
   *
   * @param data the model's vocabulary may be larger than its, not smaller
   * @throws InvalidInputException if a value is impossible, or does not fit the data
   */
  public Recipe bind(DataShape data) {
    ObjectNode bound = values.deepCopy();
    ObjectNode model = (ObjectNode) bound.get("model");
    long given = model.get("vocab-size").asLong();
    require(
        given == 0 || given >= data.vocabSize(),
        "model.vocab-size is %d, but the data set has %d tokens: leave the key away, or raise it",
        given,
        data.vocabSize());
    model.put("vocab-size", given == 0 ? data.vocabSize() : given);
    bindHead((ObjectNode) model.get("head"), data);
    try {
      return YAML.treeToValue(bound, Recipe.class).over(data);
    } catch (JsonProcessingException e) {
      throw mistake(e);
    }
  }

  private static void bindHead(ObjectNode head, DataShape data) {
    String kind = head.get("kind").asText();
    if (!kind.endsWith("-classification")) {
      return; // A language model, or no kind at all, which is said later.
    }
    long given = head.get("num-labels").asLong();
    int labels = data.labels().size();
    require(
        given == 0 || labels == 0 || given == labels,
        "model.head.num-labels is %d, but the data set has %d labels (%s): leave the key away",
        given,
        labels,
        String.join(", ", data.labels()));
    require(
        given > 0 || labels > 0,
        "model.head.kind is %s, but the data set has no labels: make it with tokenize --label-column, or set"
            + " model.head.kind=language-model",
        kind);
    require(
        labels != 1,
        "the data set has one label (%s): classification needs at least two",
        String.join(", ", data.labels()));
    head.put("num-labels", given == 0 ? labels : given);
  }

  /**
   * The data section, checked, which says where data comes from before there is any.
   *
   * @throws InvalidInputException if a value is impossible
   */
  public DataConfig data() {
    try {
      return YAML.treeToValue(values.get("data"), DataConfig.class);
    } catch (JsonMappingException e) {
      e.prependPath(values, "data"); // so that messages name the whole key
      throw mistake(e);
    } catch (JsonProcessingException e) {
      throw mistake(e);
    }
  }

  /** The seed, which decides synthetic data, too. */
  public long seed() {
    return values.get("training").get("seed").asLong();
  }

  /** The word for what the model predicts; not checked. */
  public String headKind() {
    return values.get("model").get("head").get("kind").asText();
  }

  /** The model directory to start from, if one is named. */
  public Optional<String> initFrom() {
    return Optional.of(values.get("training").get("init-from").asText()).filter(p -> !p.isBlank());
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
                    .filter(Objects::nonNull) // an element of a list
                    .toList())
            : "";
    if (e instanceof InvalidFormatException format && format.getTargetType().isEnum()) {
      return new InvalidInputException(
          String.format(
              "%s is '%s': it must be one of %s",
              key, format.getValue(), choices(format.getTargetType())),
          e);
    }
    if (e instanceof InvalidFormatException format && format.getTargetType() == Double.class) {
      return new InvalidInputException(
          String.format("%s holds '%s': it must be a list of numbers", key, format.getValue()), e);
    }
    if (e.getCause() instanceof InputCoercionException) {
      JsonNode given = values.at("/" + key.replace('.', '/'));
      return new InvalidInputException(
          String.format("%s is %s: it must be at most %d", key, given, Integer.MAX_VALUE), e);
    }
    return new InvalidInputException(
        String.format("%s: %s", key, Reason.firstLine(e.getOriginalMessage())), e);
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

  /** The recipe as YAML, every key spelled out. */
  public String yaml() {
    try {
      return YAML.writeValueAsString(values);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree of values has no YAML form", e);
    }
  }
}
