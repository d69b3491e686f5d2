package io.sparkformer.predict;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.WholeFile;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.model.FileSums;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.ProblemType;
import io.sparkformer.model.ReadingFiles;
import io.sparkformer.model.TextReading;
import io.sparkformer.model.TorchScriptExport;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A classifier of texts as DJL keeps one: NAME.pt, tokenizer.json, config.json with id2label, and
 * perhaps tokenizer_config.json and serving.properties.
 *
 * @param module the .pt file
 * @param classes what it can say
 * @param reading how texts become tokens
 * @param inputs what the module is given
 */
record TorchScriptDirectory(
    FileSystem fileSystem, Path module, Classes classes, Reading reading, Inputs inputs) {

  private static final String SUFFIX = ".pt";
  private static final String TOKENIZER_CONFIG = "tokenizer_config.json";

  /** Where nothing says it: what BERT and its like read, and DJL's own bound. */
  private static final int USUAL_LENGTH = 512;

  private static final ObjectMapper JSON = new ObjectMapper();

  /**
   * How texts become tokens.
   *
   * @param ofFiles what is read of a text, as the files say it
   * @param vocabSize ids that the module knows, as far as its config says it
   * @param longest tokens that it reads
   * @param padding the token that fills up the rows of a batch
   */
  record Reading(
      Tokenizer tokenizer, TextReading ofFiles, int vocabSize, int longest, int padding) {

    /** A reader for one thread. */
    TextReader reader(Optional<Truncation> truncation) {
      TextReading text = ofFiles.withoutPadding(); // which the module looks after
      return new ModelTextReader(
          tokenizer, truncation.map(text::cutting).orElse(text), vocabSize, longest);
    }
  }

  /** The module's inputs. */
  enum Inputs {
    /** input_ids and attention_mask. */
    TWO,
    /** token_type_ids as well. */
    WITH_TOKEN_TYPES
  }

  /** Whether there is a .pt file in a directory. */
  static boolean isOne(FileSystem fileSystem, Path directory) throws IOException {
    return fileSystem.exists(directory) && !modules(fileSystem, directory).isEmpty();
  }

  /**
   * Reads all but the weights.
   *
   * @throws InvalidInputException if something is missing or does not fit
   */
  static TorchScriptDirectory read(Configuration hadoop, Path directory) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(directory, hadoop);
    Files files = new Files(fileSystem, directory);
    Path module = module(directory, modules(fileSystem, directory));
    JsonNode config =
        files.json(
            ModelDirectory.CONFIG,
            "write one with the classes' names: {\"id2label\": {\"0\": \"negative\", \"1\": \"positive\"}}");
    Tokenizer tokenizer =
        Tokenizers.ofJson(
            files.bytes(
                Tokenizer.FILE_NAME,
                "texts cannot be read without it: copy the one of the model there"),
            Storage.shown(new Path(directory, Tokenizer.FILE_NAME)));
    Properties serving = new Properties();
    if (files.has(TorchScriptExport.SERVING)) {
      try (InputStream in = fileSystem.open(new Path(directory, TorchScriptExport.SERVING))) {
        serving.load(in);
      }
    }
    boolean tokenTypes = Boolean.parseBoolean(serving.getProperty("includeTokenTypes"));
    return new TorchScriptDirectory(
        fileSystem,
        module,
        classes(config, directory),
        new Reading(
            tokenizer,
            ReadingFiles.read(fileSystem, directory, Optional.of(tokenizer)),
            config.path("vocab_size").asInt(Integer.MAX_VALUE),
            longest(files, config, serving),
            Math.max(0, config.path("pad_token_id").asInt())),
        tokenTypes ? Inputs.WITH_TOKEN_TYPES : Inputs.TWO);
  }

  /**
   * Checks whose program the module is.
   *
   * @throws InvalidInputException if it is not trusted
   */
  void requireTrusted(Trust trust) throws IOException {
    require(
        trust == Trust.ANYBODY
            || TorchScriptExport.isOurs(fileSystem, module.getParent(), reading.ofFiles(), module),
        "%s is a program that this one did not write (or that was changed, or written by another version): running"
            + " it lets it do all that you may, as reading, sending and deleting files; if you trust whoever made it, pass"
            + " --trust-model (trustModel); else export the model again",
        module);
  }

  /**
   * As {@link #requireTrusted}, and of what DJL loads besides when it reads the directory itself.
   *
   * @throws InvalidInputException if it is not trusted
   */
  void requireRunnableByDjl(Trust trust) throws IOException {
    requireTrusted(trust);
    for (String code : List.of("libs", "lib", "classes")) {
      Path path = new Path(module.getParent(), code);
      require(
          trust == Trust.ANYBODY || !fileSystem.exists(path),
          "%s may hold programs that DJL loads: if you trust whoever made them, pass --trust-model; else remove it",
          path);
    }
  }

  /**
   * Checks the files' checksums, if there are some.
   *
   * @throws InvalidInputException if a file is another one
   */
  void requireWhole() throws IOException {
    FileSums.check(fileSystem, module.getParent());
  }

  private static List<Path> modules(FileSystem fileSystem, Path directory) throws IOException {
    List<Path> modules = new ArrayList<>();
    for (FileStatus file : fileSystem.listStatus(directory)) {
      if (file.isFile() && file.getPath().getName().endsWith(SUFFIX)) {
        modules.add(file.getPath());
      }
    }
    return modules;
  }

  /** DJL's own choice among several. */
  private static Path module(Path directory, List<Path> modules) {
    List<String> preferred = List.of(directory.getName() + SUFFIX, TorchScriptExport.MODULE);
    return modules.size() == 1
        ? modules.get(0)
        : modules.stream()
            .filter(module -> preferred.contains(module.getName()))
            .findFirst()
            .orElseThrow(
                () ->
                    new InvalidInputException(
                        String.format(
                            "%s has %d .pt files: name the one that is the model %s",
                            directory, modules.size(), TorchScriptExport.MODULE)));
  }

  private static Classes classes(JsonNode config, Path directory) {
    JsonNode names = config.path("id2label");
    require(
        names.isObject() && !names.isEmpty(),
        "%s has no names for its classes: add them to its %s, as"
            + " \"id2label\": {\"0\": \"negative\", \"1\": \"positive\"}",
        directory,
        ModelDirectory.CONFIG);
    List<String> labels = new ArrayList<>();
    for (int id = 0; id < names.size(); id++) {
      JsonNode name = names.path(Integer.toString(id));
      require(
          name.isTextual(),
          "%s: id2label in its %s has %d classes, but none with id %d: number them from 0",
          directory,
          ModelDirectory.CONFIG,
          names.size(),
          id);
      labels.add(name.asText());
    }
    Path file = new Path(directory, ModelDirectory.CONFIG);
    return new Classes(labels, ProblemType.of(config, labels.size(), file));
  }

  private static int longest(Files files, JsonNode config, Properties serving) throws IOException {
    JsonNode tokenizer =
        files.has(TOKENIZER_CONFIG) ? files.json(TOKENIZER_CONFIG, "") : JSON.createObjectNode();
    long given =
        LongStream.of(
                positions(config),
                config.path("n_positions").asLong(),
                (long) tokenizer.path("model_max_length").asDouble(), // 1e30 if there is no bound
                number(serving, "maxLength"),
                number(serving, "modelMaxLength"))
            .filter(length -> length > 0)
            .min()
            .orElse(USUAL_LENGTH);
    return (int) Math.min(given, Integer.MAX_VALUE);
  }

  /** RoBERTa and its like count positions from behind the padding token's id. */
  private static long positions(JsonNode config) {
    long positions = config.path("max_position_embeddings").asLong();
    boolean behind =
        List.of("roberta", "xlm-roberta", "camembert").contains(config.path("model_type").asText());
    return behind ? positions - config.path("pad_token_id").asLong(1) - 1 : positions;
  }

  private static long number(Properties serving, String key) {
    String value = serving.getProperty(key, "0").strip();
    require(
        value.matches("[0-9]{1,9}"),
        "%s: %s is '%s': it must be a whole number",
        TorchScriptExport.SERVING,
        key,
        value);
    return Long.parseLong(value);
  }

  /** A directory's small files. */
  private record Files(FileSystem fileSystem, Path directory) {

    boolean has(String name) throws IOException {
      return fileSystem.exists(new Path(directory, name));
    }

    byte[] bytes(String name, String remedy) throws IOException {
      require(has(name), "%s has a .pt file, but no %s: %s", directory, name, remedy);
      return WholeFile.read(fileSystem, new Path(directory, name));
    }

    JsonNode json(String name, String remedy) throws IOException {
      try {
        return JSON.readTree(bytes(name, remedy));
      } catch (JsonProcessingException | CharConversionException e) {
        throw new InvalidInputException(
            new Path(directory, name) + " is not JSON: copy the model again", e);
      }
    }
  }
}
