package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.safetensors.NumberFormat;
import io.sparkformer.torch.TorchArchive;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A model as a directory that PyTorch and DJL run without this program: model.pt, a TorchScript
 * module with its weights; config.json with the classes' names; tokenizer.json and
 * serving.properties, with which HuggingFace's and DJL's libraries read texts as this program does.
 *
 * <p>The module is {@code forward(input_ids [B, T], attention_mask [B, T])}, the ids int64, the
 * mask of any type: float32 logits [B, K] of a classifier of sequences, else [B, min(T, context),
 * K]. Rows are padded on the right; of longer ones than the context it reads what the model reads.
 * Its parameters are frozen and carry the weights' names, with _ in place of dots.
 */
public final class TorchScriptExport {

  /** The module's file. */
  public static final String MODULE = "model.pt";

  /** What DJL is told of a model in its directory. */
  public static final String SERVING = "serving.properties";

  /** All that is written. */
  private static final List<String> FILES =
      List.of(
          MODULE,
          ModelDirectory.CONFIG,
          SERVING,
          Tokenizer.FILE_NAME,
          ReadingFiles.TOKENIZER_CONFIG);

  private static final List<String> SOURCES =
      List.of(
          TorchArchive.methods(Kernels.class, Kernels.FORWARD),
          TorchArchive.methods(Kernels.class, "exported.py"));

  private static final ObjectMapper JSON = new ObjectMapper();

  private final FileSystem fileSystem;
  private final Path directory;

  private TorchScriptExport(FileSystem fileSystem, Path directory) {
    this.fileSystem = fileSystem;
    this.directory = directory;
  }

  /**
   * What was written.
   *
   * @param parameters numbers
   * @param moduleBytes of model.pt
   * @param labels names of a classifier's classes; none of a language model
   * @param tokenizer whether the model has one
   */
  public record Written(
      long parameters, long moduleBytes, List<String> labels, boolean tokenizer) {}

  /**
   * Writes a model.
   *
   * @param directory is made if need be
   * @throws io.sparkformer.datasets.InvalidInputException if the model is damaged
   */
  public static Written write(ModelDirectory model, FileSystem fileSystem, Path directory)
      throws IOException {
    return new TorchScriptExport(fileSystem, directory).write(model);
  }

  private Written write(ModelDirectory model) throws IOException {
    TextProcessing processing = model.processing();
    ModelConfig config = model.config();
    requireSmall(config);
    fileSystem.mkdirs(directory);
    long count;
    try (Gpt gpt = model.load(Precision.FP32, Device.cpu());
        OutputStream out = fileSystem.create(new Path(directory, MODULE), true)) {
      Map<String, TorchArchive.Parameter> parameters = new LinkedHashMap<>();
      gpt.weights()
          .forEach((name, array) -> parameters.put(name, TorchArchive.Parameter.of(array)));
      archive(config, processing.reading(), parameters).write(out);
      count = gpt.parameterCount();
    }
    Optional<Padding> padding = processing.reading().padding().map(Padding::known);
    file(
        ModelDirectory.CONFIG,
        JSON.writerWithDefaultPrettyPrinter()
            .writeValueAsBytes(
                ConfigJson.of(config, processing, NumberFormat.FP32.torchName(), padding)));
    file(SERVING, serving(config, processing.reading()).getBytes(StandardCharsets.ISO_8859_1));
    if (processing.tokenizer().isPresent()) {
      SavedTokenizer tokenizer = SavedTokenizer.of(processing.tokenizer().get(), processing);
      file(Tokenizer.FILE_NAME, tokenizer.tokenizerJson());
      file(ReadingFiles.TOKENIZER_CONFIG, tokenizer.configJson(config, padding));
    }
    FileSums.write(fileSystem, directory, FILES);
    long bytes = fileSystem.getFileStatus(new Path(directory, MODULE)).getLen();
    return new Written(count, bytes, model.labels(), processing.tokenizer().isPresent());
  }

  /** A tensor goes into the archive in one piece. */
  private static void requireSmall(ModelConfig config) {
    Gpt.shapes(config)
        .forEach(
            (name, shape) ->
                require(
                    shape.size() <= Integer.MAX_VALUE / Float.BYTES,
                    "tensor '%s' has %d bytes in fp32, more than a TorchScript archive is written"
                        + " with: use --format safetensors",
                    name,
                    shape.size() * Float.BYTES));
  }

  private void file(String name, byte[] content) throws IOException {
    try (OutputStream out = fileSystem.create(new Path(directory, name), true)) {
      out.write(content);
    }
  }

  /**
   * Whether a module is, byte for byte, what is written here for the directory's files and the
   * weights that it has: then all of it but numbers is this program's.
   *
   * @param directory with config.json and what is said of texts
   * @param reading of these files
   * @param module anywhere
   */
  public static boolean isOurs(
      FileSystem fileSystem, Path directory, TextReading reading, Path module) throws IOException {
    Path file = new Path(directory, ModelDirectory.CONFIG);
    ModelConfig config;
    try {
      config = new ConfigJson(ReadingFiles.json(fileSystem, file), file).config();
    } catch (InvalidInputException e) {
      return false; // no config of ours
    }
    try (ComparedArchive found = ComparedArchive.open(fileSystem, module)) {
      if (config.numLayers() > found.length() || config.parameterCount() > found.length()) {
        return false; // before its layers are counted up
      }
      Map<String, TorchArchive.Parameter> parameters = new LinkedHashMap<>();
      Gpt.shapes(config).forEach((name, shape) -> parameters.put(name, found.parameter(shape)));
      return found.isWrittenBy(archive(config, reading, parameters));
    }
  }

  private static TorchArchive archive(
      ModelConfig config, TextReading reading, Map<String, TorchArchive.Parameter> byName) {
    Map<String, Object> attributes = KernelAttributes.forward(config, Precision.FP32);
    int longest = longest(config, reading);
    attributes.put("context_length", longest);
    attributes.put(
        "first_kept",
        switch (reading.truncate()) {
          case LEFT -> reading.before().size();
          case RIGHT -> longest - reading.after().size();
          case WHOLE_RIGHT -> longest;
        });
    attributes.put("padding", reading.padding().orElse(-1));
    Map<String, TorchArchive.Parameter> parameters = new LinkedHashMap<>();
    byName.forEach((name, weight) -> parameters.put(name.replace('.', '_'), weight));
    StringBuilder weights =
        new StringBuilder("  def weights(self: __torch__.Gpt) -> List[Tensor]:\n");
    weights.append("    return [");
    parameters.keySet().forEach(name -> weights.append("self.").append(name).append(", "));
    weights.append("]\n");
    return new TorchArchive(
        List.of(weights.toString(), SOURCES.get(0), SOURCES.get(1)), attributes, parameters);
  }

  /** Tokens that the module reads. */
  private static int longest(ModelConfig config, TextReading reading) {
    return Math.min(config.contextLength(), reading.longest().orElse(config.contextLength()));
  }

  /**
   * DJL's reading of texts. Left to itself it cuts them at 512 tokens. It cuts the text's end
   * alone, so other cuts are left to the module.
   */
  private static String serving(ModelConfig config, TextReading reading) {
    int longest = longest(config, reading);
    String cut =
        reading.truncate() == Truncation.RIGHT
            ? "maxLength=" + longest + "\nmodelMaxLength=" + longest + "\n"
            : "truncation=false\n";
    String translator =
        config.head().kind() == Head.Kind.SEQUENCE_CLASSIFICATION
            ? "translatorFactory=ai.djl.huggingface.translator.TextClassificationTranslatorFactory\n"
            : "";
    return "engine=PyTorch\n" + translator + cut;
  }
}
