package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.safetensors.SafeTensors;
import io.sparkformer.safetensors.StoredTensor;
import io.sparkformer.safetensors.TensorWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A model in HuggingFace's GPT-2 layout: config.json; model.safetensors or its shards with
 * model.safetensors.index.json; and, if the model has one, tokenizer.json with
 * tokenizer_config.json (or vocab.json and merges.txt, as GPT-2's older copies have it).
 *
 * <p>{@code GPT2LMHeadModel} and its siblings with other heads read what they can express; the rest
 * has a {@code model_type} of its own. Source: transformers, models/gpt2.
 */
public final class ModelDirectory {

  public static final String CONFIG = "config.json";
  public static final String WEIGHTS = "model.safetensors";

  /** Names of the files that {@link #save} writes. */
  public static final Pattern FILES =
      Pattern.compile(
          "config\\.json|model(-[0-9]{5}-of-[0-9]{5})?\\.safetensors|model\\.safetensors\\.index\\.json"
              + "|tokenizer\\.json|tokenizer_config\\.json");

  private static final String SHARDS = WEIGHTS + ".index.json";
  private static final String GENERATION = "generation_config.json";

  /** Of its keys, those that change which tokens come, and are not asked for by options here. */
  private static final List<String> OF_GENERATION =
      List.of(
          "repetition_penalty",
          "no_repeat_ngram_size",
          "bad_words_ids",
          "suppress_tokens",
          "begin_suppress_tokens",
          "forced_bos_token_id",
          "forced_eos_token_id",
          "min_length",
          "min_new_tokens");

  private static final List<String> PICKLES =
      List.of("pytorch_model.bin", "pytorch_model.bin.index.json");

  private static final Logger LOG = LoggerFactory.getLogger(ModelDirectory.class);

  private final FileSystem fileSystem;
  private final Path directory;
  private ConfigJson configJson;
  private Optional<Tokenizer> tokenizer;
  private FoundWeights found;
  private List<Integer> endOfText;

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
    boolean weights = hasWeights(model.fileSystem, directory);
    if (!weights) {
      requireNoPickle(model.fileSystem, directory);
    }
    for (String file : List.of(CONFIG, WEIGHTS)) {
      require(
          file.equals(WEIGHTS) ? weights : model.has(file),
          "%s has no %s, so it is not a model directory: a training run keeps its models in best/ and last/",
          directory,
          file);
    }
    return model;
  }

  /** Whether a directory has weights of the kind that is read here. */
  public static boolean hasWeights(FileSystem fileSystem, Path directory) throws IOException {
    return fileSystem.exists(new Path(directory, WEIGHTS))
        || fileSystem.exists(new Path(directory, SHARDS));
  }

  /**
   * Says of a directory without such weights what it has.
   *
   * @throws InvalidInputException if that is a pickle
   */
  public static void requireNoPickle(FileSystem fileSystem, Path directory) throws IOException {
    for (String pickle : PICKLES) {
      require(
          !fileSystem.exists(new Path(directory, pickle)),
          "%s has its weights in %s alone, a Python pickle, which is not read: load it with"
              + " transformers and save it again with save_pretrained, which writes %s",
          directory,
          pickle,
          WEIGHTS);
    }
  }

  private boolean has(String file) throws IOException {
    return fileSystem.exists(new Path(directory, file));
  }

  public Path path() {
    return directory;
  }

  /**
   * The model's shape, from config.json and the tensors' headers, which are checked against each
   * other.
   *
   * @throws InvalidInputException if config.json is neither GPT-2's nor one of ours, or a weight is
   *     missing, superfluous or of another shape than it says
   */
  public ModelConfig config() throws IOException {
    return found().config();
  }

  private FoundWeights found() throws IOException {
    if (found == null) {
      ConfigJson json = configJson();
      ModelConfig said = json.config();
      Path weights = new Path(directory, WEIGHTS);
      Map<String, StoredTensor> stored =
          fileSystem.exists(weights)
              ? SafeTensors.read(fileSystem, weights)
              : SafeTensors.readShards(fileSystem, new Path(directory, SHARDS));
      found = FoundWeights.of(fileSystem, directory, said, json.hasPaddingRow(), stored);
    }
    return found;
  }

  /** The classes' names by id; none if it is a language model. */
  public List<String> labels() throws IOException {
    Head head = config().head();
    return head.isClassifier() ? configJson().labels(head.numLabels()) : List.of();
  }

  /** What a classifier's logits mean. */
  public ProblemType problem() throws IOException {
    return configJson().problem(config().head());
  }

  /** How the model reads texts, wherever it is used. */
  public TextReading reading() throws IOException {
    TextReading reading = readingByFiles();
    ModelConfig config = config();
    List<Integer> around = new ArrayList<>(reading.before());
    around.addAll(reading.after());
    for (int id : around) {
      require(
          id < config.vocabSize(),
          "%s: token %d is put around every text, but the model knows ids from 0 to %d alone:"
              + " correct the tokenizer's files, or copy the model again",
          directory,
          id,
          config.vocabSize() - 1);
    }
    int longest = Math.min(config.contextLength(), reading.longest().orElse(Integer.MAX_VALUE));
    require(
        around.isEmpty() || around.size() < longest || config.contextLength() == 1,
        "%s: %d tokens are put around every text, but an input has %d at most: correct the"
            + " tokenizer's files",
        directory,
        around.size(),
        longest);
    return reading;
  }

  private TextReading readingByFiles() throws IOException {
    Optional<TextReading> own = configJson().reading();
    if (own.isEmpty()) {
      TextReading reading = ReadingFiles.ofOthers(fileSystem, directory, configJson(), tokenizer());
      return config().head().kind() == Head.Kind.SEQUENCE_CLASSIFICATION
          ? reading
          : reading.withoutPadding();
    }
    // Earlier builds wrote what ends a language model's documents; it must not end its prompts.
    return config().head().isClassifier()
        ? own.get()
        : TextReading.appending(Optional.empty(), own.get().truncate());
  }

  private ConfigJson configJson() throws IOException {
    if (configJson == null) {
      Path file = new Path(directory, CONFIG);
      configJson = new ConfigJson(ReadingFiles.json(fileSystem, file), file);
    }
    return configJson;
  }

  /**
   * Ids of the tokens that end a text, if there are such. As for transformers,
   * generation_config.json alone counts where there is one, also if it names none.
   */
  public List<Integer> endOfText() throws IOException {
    if (endOfText == null) {
      endOfText = readEndOfText();
    }
    return endOfText;
  }

  private List<Integer> readEndOfText() throws IOException {
    Path file = new Path(directory, GENERATION);
    if (!fileSystem.exists(file)) {
      return configJson().endOfText();
    }
    JsonNode json = ReadingFiles.json(fileSystem, file);
    List<String> others = OF_GENERATION.stream().filter(json::hasNonNull).toList();
    if (!others.isEmpty()) {
      LOG.warn(
          "{} sets {}, which transformers applies and this program does not",
          file,
          String.join(", ", others));
    }
    return new ConfigJson(json, file).endOfText();
  }

  /**
   * The tokenizer beside the model, if there is one.
   *
   * @throws InvalidInputException if it is damaged or does not fit the model
   */
  public Optional<Tokenizer> tokenizer() throws IOException {
    if (tokenizer == null) {
      tokenizer = readTokenizer();
    }
    return tokenizer;
  }

  private Optional<Tokenizer> readTokenizer() throws IOException {
    Optional<Tokenizer> stored = Tokenizers.find(fileSystem, directory);
    if (stored.isEmpty()) {
      return stored;
    }
    Tokenizer own = withoutPadding(stored.get());
    requireFits(own, config().vocabSize());
    return Optional.of(own);
  }

  /** Transformers adds the padding that only the model has a row for to the tokenizer it saves. */
  private Tokenizer withoutPadding(Tokenizer stored) throws IOException {
    int padding = config().vocabSize();
    if (!configJson().hasPaddingRow() || !stored.isToken(padding)) {
      return stored;
    }
    return Tokenizers.ofJson(
        SavedTokenizer.without(stored.json(), padding),
        Storage.shown(new Path(directory, Tokenizer.FILE_NAME)));
  }

  /** Vocabularies of models are padded, and tokens may be added to tokenizers that none uses. */
  private void requireFits(Tokenizer own, int vocabSize) throws IOException {
    int ids = own.vocabSize();
    // Recipes of this program may have a vocabulary as large as they like.
    boolean enough = ids > vocabSize / 2 || configJson().reading().isPresent();
    require(
        ids - own.addedCount() <= vocabSize && enough,
        "%s: the tokenizer has %d tokens, the model %d: they do not belong together: copy the one"
            + " there that the model was trained with",
        directory,
        ids,
        vocabSize);
  }

  /**
   * Reads the model.
   *
   * @throws InvalidInputException as {@link #config}
   */
  public Gpt load(Precision precision, Device device) throws IOException {
    Gpt model = Gpt.empty(found().config(), precision, device);
    try {
      copyInto(model.weights());
    } catch (IOException | RuntimeException e) {
      model.close();
      throw e;
    }
    return model;
  }

  /**
   * Reads the weights into arrays.
   *
   * @param arrays all of a model of {@link #config}, by its weights' names
   */
  public void copyInto(Map<String, NDArray> arrays) throws IOException {
    SafeTensors.copyInto(fileSystem, arrays, found().tensors(), directory);
  }

  /**
   * Reads some of the weights into arrays, of the first of which fewer rows may be wanted.
   *
   * @param arrays by names of {@link #weights}
   */
  public void copyInto(Map<String, NDArray> arrays, Map<String, StoredTensor> weights)
      throws IOException {
    SafeTensors.copyInto(fileSystem, arrays, weights, directory);
  }

  /** The weights as they are stored, under the names that a {@link Gpt} has for them. */
  public Map<String, StoredTensor> weights() throws IOException {
    return found().tensors();
  }

  /** The file of the weights, or the one that names their files. */
  public String weightsFile() throws IOException {
    return has(WEIGHTS) ? WEIGHTS : SHARDS;
  }

  /** Of all numbers. */
  public long weightsBytes() throws IOException {
    return weights().values().stream().mapToLong(StoredTensor::bytes).sum();
  }

  /** What stands between texts and the model. */
  public TextProcessing processing() throws IOException {
    return new TextProcessing(tokenizer(), endOfText(), labels(), problem(), reading());
  }

  /** Writes the model and what goes with it; the directory is made if need be. */
  public void save(Gpt model, TextProcessing processing) throws IOException {
    save(model.config(), model.weights(), processing, TensorWriter.SINGLE);
  }

  /**
   * As {@link #save(Gpt, TextProcessing)}, of a model that is given by its parts.
   *
   * @param weights float32, under the model's names
   */
  public void save(
      ModelConfig config,
      Map<String, NDArray> weights,
      TextProcessing processing,
      TensorWriter writer)
      throws IOException {
    new SavedModel(fileSystem, directory, config, processing).write(weights, writer);
  }
}
