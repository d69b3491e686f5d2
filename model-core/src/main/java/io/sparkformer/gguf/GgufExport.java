package io.sparkformer.gguf;

import ai.djl.Device;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.safetensors.NumberFormat;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A language model as a GGUF file, with its tokenizer, for llama.cpp.
 *
 * <p>What is not GPT-2's form, or has another tokenizer than a byte-level BPE, is refused.
 */
public final class GgufExport {

  /** The file. */
  public static final String FILE = "model.gguf";

  private static final String ARCHITECTURE = "gpt2";

  private GgufExport() {}

  /**
   * What was written.
   *
   * @param parameters numbers of the model; zeros in place of missing biases do not count
   * @param fileBytes of model.gguf
   */
  public record Written(long parameters, long fileBytes) {}

  /**
   * Writes a model.
   *
   * @param type of the matrices' numbers; vectors and position embeddings are float32
   * @param directory is made if need be
   * @throws io.sparkformer.datasets.InvalidInputException if the model is damaged, GGUF cannot say
   *     it, or a number is too large for the type
   */
  public static Written write(
      ModelDirectory model, NumberFormat type, FileSystem fileSystem, Path directory)
      throws IOException {
    ModelConfig config = model.config();
    GgufForm.requireSayable(config, model.path());
    Optional<Tokenizer> tokenizer = model.tokenizer();
    GgufVocabulary vocabulary = GgufVocabulary.of(tokenizer, config.vocabSize(), model.path());
    GgufMetadata metadata = shape(config, type);
    tokenizer(metadata, vocabulary);
    SpecialTokens.of(model, tokenizer.orElseThrow()).putInto(metadata);
    fileSystem.mkdirs(directory);
    Path file = new Path(directory, FILE);
    long parameters;
    try (Gpt gpt = model.load(Precision.FP32, Device.cpu());
        OutputStream out = fileSystem.create(file, true)) {
      List<GgufTensor> tensors = GgufTensors.of(gpt, type);
      new GgufFile(metadata, tensors).write(out);
      parameters = gpt.parameterCount();
    }
    return new Written(parameters, fileSystem.getFileStatus(file).getLen());
  }

  private static GgufMetadata shape(ModelConfig config, NumberFormat type) {
    return new GgufMetadata()
        .put("general.architecture", ARCHITECTURE)
        .put("general.type", "model")
        .put("general.file_type", fileType(type))
        .put(ARCHITECTURE + ".block_count", config.numLayers())
        .put(ARCHITECTURE + ".context_length", config.contextLength())
        .put(ARCHITECTURE + ".embedding_length", config.embeddingDim())
        .put(ARCHITECTURE + ".feed_forward_length", config.feedForwardDim())
        .put(ARCHITECTURE + ".attention.head_count", config.numHeads())
        .put(ARCHITECTURE + ".attention.layer_norm_epsilon", (float) config.layerNormEpsilon());
  }

  /** What GGUF calls a file whose matrices are of a type. */
  private static int fileType(NumberFormat type) {
    return switch (type) {
      case FP32 -> 0;
      case FP16 -> 1;
      case BF16 -> 32;
      case FP64 -> throw new IllegalArgumentException("GGUF's models are never of fp64");
    };
  }

  private static void tokenizer(GgufMetadata metadata, GgufVocabulary vocabulary) {
    metadata
        .put("tokenizer.ggml.model", ARCHITECTURE)
        .put("tokenizer.ggml.pre", vocabulary.pre())
        .put("tokenizer.ggml.tokens", vocabulary.tokens())
        .put("tokenizer.ggml.token_type", vocabulary.types())
        .put("tokenizer.ggml.merges", vocabulary.merges());
  }
}
