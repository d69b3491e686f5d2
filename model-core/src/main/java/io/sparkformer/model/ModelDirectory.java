package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A model in HuggingFace's GPT-2 layout: config.json, model.safetensors and, if the model has one,
 * tokenizer.json (or vocab.json and merges.txt, as GPT-2's older copies have it).
 *
 * <p>{@code GPT2LMHeadModel} reads what has biases; the key {@code bias} is our addition for models
 * without. Source: transformers, models/gpt2.
 */
public final class ModelDirectory {

  public static final String CONFIG = "config.json";
  public static final String WEIGHTS = "model.safetensors";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PREFIX = "transformer.";
  private static final String HEAD = "lm_head.weight";

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
   * @throws InvalidInputException if it is not the config of a GPT-2-shaped model
   */
  public ModelConfig config() throws IOException {
    Path file = new Path(directory, CONFIG);
    JsonNode json = configJson();
    String type = json.path("model_type").asText("gpt2");
    require(type.equals("gpt2"), "%s: model_type is '%s': only gpt2 is supported", file, type);
    require(
        !json.path("scale_attn_by_inverse_layer_idx").asBoolean(false)
            && json.path("scale_attn_weights").asBoolean(true),
        "%s: other attention scales than 1 / sqrt(head size) are not supported",
        file);
    return new ModelConfig(
        integer(json, file, "vocab_size"),
        integer(json, file, json.has("n_positions") ? "n_positions" : "n_ctx"),
        integer(json, file, "n_layer"),
        integer(json, file, "n_head"),
        integer(json, file, "n_embd"),
        json.path("n_inner").asInt(0),
        Activation.ofHuggingFaceName(
            json.path("activation_function").asText("gelu_new"), file.toString()),
        json.path("bias").asBoolean(true),
        json.path("tie_word_embeddings").asBoolean(true),
        json.path("resid_pdrop").asDouble(0.1),
        json.path("layer_norm_epsilon").asDouble(1e-5));
  }

  private JsonNode configJson() throws IOException {
    Path file = new Path(directory, CONFIG);
    try (InputStream in = fileSystem.open(file)) {
      return JSON.readTree(in);
    } catch (JsonProcessingException e) {
      throw new InvalidInputException(file + " is not JSON: copy the model again", e);
    }
  }

  private static int integer(JsonNode json, Path file, String key) {
    require(
        json.path(key).isInt(), "%s has no whole number '%s': it is not a GPT-2 config", file, key);
    return json.path(key).asInt();
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
    Path file = new Path(directory, WEIGHTS);
    Map<String, SafeTensors.Entry> entries = SafeTensors.read(fileSystem, file);
    Gpt model = Gpt.empty(config(), precision, device);
    try {
      SafeTensors.copyInto(model.weights(), gpt2Names(entries, model), file);
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
    return model;
  }

  /** GPT-2's published files have no prefix, and carry the causal mask as a buffer. */
  private static Map<String, SafeTensors.Entry> gpt2Names(
      Map<String, SafeTensors.Entry> entries, Gpt model) {
    Map<String, SafeTensors.Entry> named = new LinkedHashMap<>();
    entries.forEach(
        (name, entry) -> {
          boolean mask = name.endsWith(".attn.bias") || name.endsWith(".attn.masked_bias");
          boolean copyOfEmbedding = name.equals(HEAD) && model.config().tiedHead();
          if (!mask && !copyOfEmbedding) {
            boolean complete = name.startsWith(PREFIX) || name.equals(HEAD);
            named.put(complete ? name : PREFIX + name, entry);
          }
        });
    return named;
  }

  /**
   * Writes the model, its tokenizer and, if there is one, its end-of-text id; the directory is made
   * if need be.
   */
  public void save(Gpt model, Optional<Tokenizer> tokenizer, Optional<Integer> endOfText)
      throws IOException {
    save(model.config(), model.weights(), tokenizer, endOfText);
  }

  /**
   * As {@link #save(Gpt, Optional, Optional)}, of a model that is given by its parts.
   *
   * @param weights float32, under the model's names
   */
  public void save(
      ModelConfig config,
      Map<String, NDArray> weights,
      Optional<Tokenizer> tokenizer,
      Optional<Integer> endOfText)
      throws IOException {
    fileSystem.mkdirs(directory);
    try (OutputStream out = fileSystem.create(new Path(directory, CONFIG), true)) {
      JSON.writerWithDefaultPrettyPrinter().writeValue(out, configJson(config, endOfText));
    }
    SafeTensors.write(fileSystem, new Path(directory, WEIGHTS), weights);
    if (tokenizer.isPresent()) {
      tokenizer.get().write(fileSystem, directory);
    }
  }

  private static ObjectNode configJson(ModelConfig config, Optional<Integer> endOfText) {
    ObjectNode json = JSON.createObjectNode();
    json.putArray("architectures").add("GPT2LMHeadModel");
    json.put("model_type", "gpt2");
    json.put("vocab_size", config.vocabSize());
    json.put("n_positions", config.contextLength());
    json.put("n_embd", config.embeddingDim());
    json.put("n_layer", config.numLayers());
    json.put("n_head", config.numHeads());
    json.put("n_inner", config.feedForwardDim());
    json.put("activation_function", config.activation().huggingFaceName());
    json.put("resid_pdrop", config.dropout());
    json.put("embd_pdrop", config.dropout());
    json.put("attn_pdrop", config.dropout());
    json.put("layer_norm_epsilon", config.layerNormEpsilon());
    json.put("tie_word_embeddings", config.tiedHead());
    json.put("bias", config.bias());
    json.put("torch_dtype", "float32");
    // Without the key, transformers assumes GPT-2's own 50256.
    json.set(
        "bos_token_id", endOfText.isPresent() ? json.numberNode(endOfText.get()) : json.nullNode());
    json.set(
        "eos_token_id", endOfText.isPresent() ? json.numberNode(endOfText.get()) : json.nullNode());
    return json;
  }
}
