package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.WholeFile;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * How texts are read, as a model's files say it: config.json of a model that was trained here, or
 * what transformers looks at, which is tokenizer.json's post-processor, tokenizer_config.json and
 * config.json's pad_token_id.
 */
public final class ReadingFiles {

  static final String TOKENIZER_CONFIG = "tokenizer_config.json";

  private static final String MAX_LENGTH = "model_max_length";
  private static final String SIDE = "truncation_side";
  private static final ObjectMapper JSON = new ObjectMapper();

  private final FileSystem fileSystem;
  private final Path directory;

  private ReadingFiles(FileSystem fileSystem, Path directory) {
    this.fileSystem = fileSystem;
    this.directory = directory;
  }

  /**
   * Reads them.
   *
   * @param tokenizer the one in the directory, if there is one
   * @throws InvalidInputException if a file is damaged or says what is none
   */
  public static TextReading read(
      FileSystem fileSystem, Path directory, Optional<Tokenizer> tokenizer) throws IOException {
    ReadingFiles files = new ReadingFiles(fileSystem, directory);
    ConfigJson config =
        new ConfigJson(
            files.json(ModelDirectory.CONFIG), new Path(directory, ModelDirectory.CONFIG));
    Optional<TextReading> own = config.reading();
    return own.isPresent() ? own.get() : files.ofOthers(config, tokenizer);
  }

  /** The same of a model that was not trained here. */
  static TextReading ofOthers(
      FileSystem fileSystem, Path directory, ConfigJson config, Optional<Tokenizer> tokenizer)
      throws IOException {
    return new ReadingFiles(fileSystem, directory).ofOthers(config, tokenizer);
  }

  private TextReading ofOthers(ConfigJson config, Optional<Tokenizer> tokenizer)
      throws IOException {
    JsonNode json = json(TOKENIZER_CONFIG);
    JsonNode side = json.path(SIDE);
    require(
        side.isMissingNode() || side.isNull() || side.asText().matches("left|right"),
        "%s: %s is %s: it must be left or right",
        new Path(directory, TOKENIZER_CONFIG),
        SIDE,
        side);
    Optional<Integer> longest = longest(json.path(MAX_LENGTH));
    return new TextReading(
        tokenizer.map(each -> each.around().before()).orElse(List.of()),
        tokenizer.map(each -> each.around().after()).orElse(List.of()),
        (side.isTextual() ? side.asText() : direction()).equalsIgnoreCase("left")
            ? Truncation.LEFT
            : Truncation.RIGHT,
        longest,
        config.padding());
  }

  /** What tokenizer.json says of the side, near its beginning. */
  private String direction() throws IOException {
    Path file = new Path(directory, Tokenizer.FILE_NAME);
    if (!fileSystem.exists(file)) {
      return "";
    }
    try (InputStream in = fileSystem.open(file);
        JsonParser parser = JSON.createParser(in)) {
      parser.nextToken();
      while (parser.nextToken() == JsonToken.FIELD_NAME) {
        boolean truncation = parser.currentName().equals("truncation");
        parser.nextToken();
        if (truncation) {
          JsonNode section = JSON.readTree(parser);
          return section.path("direction").asText();
        }
        parser.skipChildren();
      }
      return "";
    }
  }

  /** Where there is no bound, transformers writes 1e30. */
  private Optional<Integer> longest(JsonNode length) {
    require(
        length.isMissingNode() || length.isNull() || (length.isNumber() && length.asDouble() >= 1),
        "%s: %s is %s: it must be a number of tokens",
        new Path(directory, TOKENIZER_CONFIG),
        MAX_LENGTH,
        length);
    return length.isNumber() && length.asDouble() <= Integer.MAX_VALUE
        ? Optional.of((int) length.asDouble())
        : Optional.empty();
  }

  /** A small file; an empty object if there is none. */
  private JsonNode json(String name) throws IOException {
    Path file = new Path(directory, name);
    return fileSystem.exists(file) ? json(fileSystem, file) : JSON.createObjectNode();
  }

  /** A small file. */
  static JsonNode json(FileSystem fileSystem, Path file) throws IOException {
    try {
      JsonNode json = JSON.readTree(WholeFile.read(fileSystem, file));
      require(json.isObject(), "%s is no JSON object: copy the model again", file);
      return json;
    } catch (JsonProcessingException | CharConversionException e) {
      throw new InvalidInputException(
          String.format("%s is not JSON (%s): copy the model again", file, Reason.of(e)), e);
    }
  }
}
