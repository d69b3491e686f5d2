package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A model in HuggingFace's GPT-2 layout: config.json, model.safetensors and, if the model has one,
 * tokenizer.json (or vocab.json and merges.txt, as GPT-2's older copies have it).
 *
 * <p>{@code GPT2LMHeadModel} and its siblings with other heads read what has GPT-2's form and
 * biases. Source: transformers, models/gpt2.
 */
public final class ModelDirectory {

  public static final String CONFIG = "config.json";
  public static final String WEIGHTS = "model.safetensors";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "transformer.";
  private static final String OUTPUT = "lm_head.weight";

  private final FileSystem fileSystem;
  private final Path directory;

  private ModelDirectory(FileSystem fileSystem, Path directory) {
    this.fileSystem = fileSystem;
    this.directory = directory;
  }

  /** A directory that is to be written. */
  public static ModelDirectory at(Configuration configuration, Path directory) {
    return at(Storage.fileSystem(directory, configuration), directory);
  }

  /** A directory that is to be written to a given file system. */
  public static ModelDirectory at(FileSystem fileSystem, Path directory) {
    return new ModelDirectory(fileSystem, directory);
  }

  /**
   * A directory that holds a model.
   *
   * @throws InvalidInputException if it does not exist or holds none
   */
  public static ModelDirectory open(Configuration configuration, Path directory)
      throws IOException {
    ModelDirectory model = at(configuration, directory);
    require(
        model.fileSystem.exists(directory),
        "%s: no such model directory: check the path (a training run keeps its models in best/ and last/)",
        directory);
    for (String file : new String[] {CONFIG, WEIGHTS}) {
      require(
          model.fileSystem.exists(new Path(directory, file)),
          "%s has no %s, so it is not a model directory: a training run keeps its models in best/ and last/",
          directory,
          file);
    }
    return model;
  }

  public Path path() {
    return directory;
  }

  /**
   * The model's shape, from config.json.
   *
   * @throws InvalidInputException if it is neither GPT-2's config nor one of ours
   */
  public ModelConfig config() throws IOException {
    Path file = new Path(directory, CONFIG);
    JsonNode json = configJson();
    return new ConfigJson(json, file).config();
  }

  /** The classes' names by id; none if it is a language model, or they have none. */
  public List<String> labels() throws IOException {
    ConfigJson json = new ConfigJson(configJson(), new Path(directory, CONFIG));
    return json.config().head().isClassifier() ? json.labels() : List.of();
  }

  /** How the model was trained to read texts. */
  public TextReading reading() throws IOException {
    return new ConfigJson(configJson(), new Path(directory, CONFIG)).reading();
  }

  private JsonNode configJson() throws IOException {
    Path file = new Path(directory, CONFIG);
    try (InputStream in = fileSystem.open(file)) {
      return JSON.readTree(in);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException(file + " is not JSON: copy the model again", e);
    }
  }

  /** The end-of-text token's id, if the config names one. */
  public Optional<Integer> endOfText() throws IOException {
    JsonNode id = configJson().path("eos_token_id");
    return id.isInt() ? Optional.of(id.asInt()) : Optional.empty();
  }

  /**
   * The tokenizer beside the model, if there is one.
   *
   * @throws InvalidInputException if it is damaged or does not fit the model
   */
  public Optional<Tokenizer> tokenizer() throws IOException {
    Optional<Tokenizer> found = Tokenizers.find(fileSystem, directory);
    if (found.isEmpty()) {
      return found;
    }
    Tokenizer tokenizer = found.get();
    int vocabSize = config().vocabSize();
    require(
        tokenizer.vocabSize() <= vocabSize,
        "%s: the tokenizer has %d tokens, the model %d: they do not belong together",
        directory,
        tokenizer.vocabSize(),
        vocabSize);
    return found;
  }

  /**
   * Reads the model.
   *
   * @throws InvalidInputException if a weight is missing, superfluous or of another shape than the
   *     config says
   */
  public Gpt load(Precision precision, Device device) throws IOException {
    ModelConfig config = config();
    Map<String, SafeTensors.Entry> entries = weights(config.head());
    Gpt model = Gpt.empty(config, precision, device);
    try {
      SafeTensors.copyInto(model.weights(), entries, new Path(directory, WEIGHTS));
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
    return model;
  }

  /** The weights as they are stored, under the names that a {@link Gpt} has for them. */
  public Map<String, SafeTensors.Entry> weights() throws IOException {
    return weights(config().head());
  }

  private Map<String, SafeTensors.Entry> weights(Head head) throws IOException {
    return gpt2Names(SafeTensors.read(fileSystem, new Path(directory, WEIGHTS)), head);
  }

  /** GPT-2's published files have no prefix, and carry the causal mask as a buffer. */
  private static Map<String, SafeTensors.Entry> gpt2Names(
      Map<String, SafeTensors.Entry> entries, Head head) {
    boolean tied = !head.isClassifier() && head.output() == Head.Output.TIED;
    Map<String, SafeTensors.Entry> named = new LinkedHashMap<>();
    entries.forEach(
        (name, entry) -> {
          boolean mask = name.endsWith(".attn.bias") || name.endsWith(".attn.masked_bias");
          boolean copyOfEmbedding = name.equals(OUTPUT) && tied;
          if (!mask && !copyOfEmbedding) {
            boolean complete = name.startsWith(PREFIX) || Head.isPrefixOf(name);
            named.put(complete ? name : PREFIX + name, entry);
          }
        });
    return named;
  }

  /**
   * What stands between texts and a model, and is written with it.
   *
   * @param tokenizer its tokenizer, if it has one
   * @param endOfText the id of the token that ends a text, if there is one
   * @param labels names of a classifier's classes; none for a language model
   * @param reading how it was trained to read texts
   */
  public record TextProcessing(
      Optional<Tokenizer> tokenizer,
      Optional<Integer> endOfText,
      List<String> labels,
      TextReading reading) {

    public static final TextProcessing NONE =
        new TextProcessing(Optional.empty(), Optional.empty(), List.of(), TextReading.PLAIN);
  }

  /** Writes the model and what goes with it; the directory is made if need be. */
  public void save(Gpt model, TextProcessing processing) throws IOException {
    save(model.config(), model.weights(), processing);
  }

  /**
   * As {@link #save(Gpt, TextProcessing)}, of a model that is given by its parts.
   *
   * @param weights float32, under the model's names
   */
  public void save(ModelConfig config, Map<String, NDArray> weights, TextProcessing processing)
      throws IOException {
    fileSystem.mkdirs(directory);
    try (OutputStream out = fileSystem.create(new Path(directory, CONFIG), true)) {
      JSON.writerWithDefaultPrettyPrinter().writeValue(out, ConfigJson.of(config, processing));
    }
    SafeTensors.write(fileSystem, new Path(directory, WEIGHTS), weights);
    if (processing.tokenizer().isPresent()) {
      processing.tokenizer().get().write(fileSystem, directory);
    }
  }
}
