package io.sparkformer.ml;

import ai.djl.Device;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.jobs.ModelFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.Precision;
import io.sparkformer.model.ProblemType;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import io.sparkformer.predict.SequenceModel;
import io.sparkformer.predict.TextReader;
import io.sparkformer.predict.Trust;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/** Small models of few tokens with random weights, whose outputs differ from text to text. */
public final class ClassifierFixture {

  public static final List<String> LABELS = List.of("bad", "fair", "good");
  public static final int CONTEXT = 32;

  private static final int MERGES = 2000;
  public static final int END_OF_TEXT = 256 + MERGES;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static Optional<Tokenizer> tokenizer = Optional.empty();

  private ClassifierFixture() {}

  /** A classifier that reads an end-of-text token after each text. */
  public static String write(Path directory) throws IOException {
    return write(directory, 1, TextReading.PLAIN.truncate());
  }

  static String write(
      Path directory, long seed, io.sparkformer.datasets.sample.SequenceSamples.Truncation truncate)
      throws IOException {
    Head head = Head.ofSequences(LABELS.size(), Head.Pooling.LAST);
    return write(
        directory,
        config().with(head),
        seed,
        TextReading.appending(Optional.of(END_OF_TEXT), truncate));
  }

  /** One whose logits mean something else than one label of several. */
  public static String write(Path directory, ProblemType problem, List<String> labels)
      throws IOException {
    return write(
        directory,
        config().with(Head.ofSequences(labels.size(), Head.Pooling.LAST)),
        1,
        new TextProcessing(
            Optional.of(tokenizer()),
            List.of(END_OF_TEXT),
            labels,
            problem,
            TextReading.appending(Optional.of(END_OF_TEXT), TextReading.PLAIN.truncate())));
  }

  /** The logits of texts, one by one. */
  public static float[][] logits(String model, List<String> texts) throws IOException {
    try (SequenceModel opened =
        SequenceModel.open(model, new Configuration(), Device.cpu(), Trust.OURS)) {
      TextReader reader = opened.reader(Optional.empty());
      return texts.stream()
          .map(text -> opened.logits(List.of(reader.read(text)))[0])
          .toArray(float[][]::new);
    }
  }

  /** A model that continues texts. */
  public static String writeLanguageModel(Path directory) throws IOException {
    return write(directory, config(), 1, TextReading.PLAIN);
  }

  private static ModelConfig config() throws IOException {
    return ModelConfig.gpt2(tokenizer().vocabSize(), CONTEXT, 2, 2, 16);
  }

  /** GPT-2's, with its first tokens alone: it is read in no time. */
  static synchronized Tokenizer tokenizer() throws IOException {
    if (tokenizer.isEmpty()) {
      tokenizer = Optional.of(firstTokens());
    }
    return tokenizer.orElseThrow();
  }

  private static Tokenizer firstTokens() throws IOException {
    ObjectNode json =
        (ObjectNode) JSON.readTree(Tokenizers.open("gpt2", new Configuration()).json());
    ObjectNode vocabulary = (ObjectNode) json.path("model").path("vocab");
    vocabulary.properties().removeIf(token -> token.getValue().asInt() >= END_OF_TEXT);
    vocabulary.put("<|endoftext|>", END_OF_TEXT);
    ((ObjectNode) json.path("added_tokens").path(0)).put("id", END_OF_TEXT);
    ArrayNode merges = (ArrayNode) json.path("model").path("merges");
    while (merges.size() > MERGES) {
      merges.remove(merges.size() - 1);
    }
    return Tokenizers.ofJson(JSON.writeValueAsBytes(json), "the first of GPT-2's tokens");
  }

  private static String write(Path directory, ModelConfig config, long seed, TextReading reading)
      throws IOException {
    return write(
        directory,
        config,
        seed,
        new TextProcessing(
            Optional.of(tokenizer()),
            Optional.of(END_OF_TEXT),
            config.head().isClassifier() ? LABELS : List.of(),
            reading));
  }

  private static String write(
      Path directory, ModelConfig config, long seed, TextProcessing processing) throws IOException {
    Kernels.threads(1);
    try (Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), seed)) {
      model.weights().values().forEach(weight -> weight.muli(8));
      ModelFixture.at(directory).save(model, processing);
    }
    return directory.toString();
  }

  /** Makes a weight that is no number of one that is. */
  static void breakWeights(Path directory) throws IOException {
    try (Gpt model = ModelFixture.at(directory).load(Precision.FP32, Device.cpu())) {
      model.weights().get("score.weight").muli(Float.NaN);
      ModelFixture.at(directory)
          .save(
              model,
              new TextProcessing(
                  Optional.of(tokenizer()), Optional.empty(), LABELS, TextReading.PLAIN));
    }
  }

  /** Gives a saved stage the class name that it had when it was saved by an earlier version. */
  static void renameSaved(Path saved, Class<?> now, String then) throws IOException {
    try (Stream<Path> files = Files.walk(saved)) {
      for (Path file : files.filter(f -> f.getParent().endsWith("metadata")).toList()) {
        String name = file.getFileName().toString();
        if (name.endsWith(".crc")) {
          Files.delete(file); // of what was written before
        } else if (name.startsWith("part-")) {
          String renamed = Files.readString(file).replace(now.getName(), then);
          Files.writeString(file, renamed);
        }
      }
    }
  }
}
