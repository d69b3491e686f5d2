package io.sparkformer.predict;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.Model;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.nn.Block;
import ai.djl.training.ParameterStore;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Head.Kind;
import io.sparkformer.model.Head.Layers;
import io.sparkformer.model.Head.Output;
import io.sparkformer.model.Head.Pooling;
import io.sparkformer.model.Initialization;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import io.sparkformer.model.TorchScriptExport;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import org.apache.hadoop.conf.Configuration;

/** Models with random weights, and what is exported of them. */
final class ExportedModels {

  static final List<String> LABELS = List.of("bad", "so so", "good");
  static final Configuration HADOOP = new Configuration();

  private static final String LETTERS = "\n abcdefgh";

  private ExportedModels() {}

  /**
   * A classifier of texts.
   *
   * @param contextLength tokens
   * @param appended whether a token follows every text
   */
  record Shape(
      Mask mask,
      Pooling pooling,
      Layers layers,
      int contextLength,
      Appended appended,
      Truncation truncate) {

    ModelConfig config(int vocabSize) {
      Head head =
          new Head(
              Kind.SEQUENCE_CLASSIFICATION,
              Output.OWN,
              layers,
              pooling,
              layers == Layers.MLP,
              LABELS.size());
      return ModelConfig.gpt2(vocabSize, contextLength, 2, 2, 16).with(mask).with(head);
    }
  }

  /** What follows a text. */
  enum Appended {
    NOTHING,
    A_TOKEN
  }

  static final Shape PLAIN =
      new Shape(Mask.CAUSAL, Pooling.LAST, Layers.LINEAR, 12, Appended.A_TOKEN, Truncation.RIGHT);

  /** One with a vocabulary of a few letters. */
  static Path ofLetters(Shape shape, Path directory) throws IOException {
    return save(shape, CharTokenizer.of(LETTERS.codePoints().toArray()), 0, directory);
  }

  /** One with GPT-2's vocabulary. */
  static Path ofGpt2(Shape shape, Path directory) throws IOException {
    Tokenizer tokenizer =
        Tokenizers.open(SharedData.file("gpt2_tokenizer/tokenizer.json.gz").toString(), HADOOP);
    return save(shape, tokenizer, tokenizer.endOfText().orElseThrow(), directory);
  }

  private static Path save(Shape shape, Tokenizer tokenizer, int appended, Path directory)
      throws IOException {
    Optional<Integer> token =
        shape.appended() == Appended.A_TOKEN ? Optional.of(appended) : Optional.empty();
    try (Gpt model = random(shape.config(tokenizer.vocabSize()))) {
      ModelDirectory.at(HADOOP, hadoop(directory))
          .save(
              model,
              new TextProcessing(
                  Optional.of(tokenizer),
                  Optional.of(appended),
                  LABELS,
                  TextReading.appending(token, shape.truncate())));
    }
    return directory;
  }

  /** A model whose logits differ from text to text, which GPT-2's small weights do not see to. */
  static Gpt random(ModelConfig config) {
    Gpt model = Gpt.initialized(config, Precision.FP32, Device.cpu(), 5, Initialization.GPT2);
    model.weights().values().forEach(ExportedModels::enlarge);
    return model;
  }

  private static void enlarge(NDArray weight) {
    if (weight.getShape().dimension() > 1) {
      weight.muli(8);
    }
  }

  static Path export(Path model, Path directory) throws IOException {
    TorchScriptExport.write(
        ModelDirectory.open(HADOOP, hadoop(model)), localFiles(), hadoop(directory));
    return directory;
  }

  /** Texts of 1 to the given number of letters, the first of that many. */
  static List<String> texts(int count, int letters) {
    Random random = new Random(11);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StringBuilder text = new StringBuilder();
      for (int more = i == 0 ? letters : 1 + random.nextInt(letters); more > 0; more--) {
        text.append(LETTERS.charAt(1 + random.nextInt(LETTERS.length() - 1)));
      }
      texts.add(text.toString());
    }
    return texts;
  }

  static SequenceModel open(Path directory) throws IOException {
    return open(directory, Trust.OURS);
  }

  static SequenceModel open(Path directory, Trust trust) throws IOException {
    return SequenceModel.open(directory.toString(), HADOOP, Device.cpu(), trust);
  }

  /** The logits of each text alone, as this program reads it. */
  static float[][] logits(SequenceModel model, List<String> texts) {
    TextReader reader = model.reader(Optional.empty());
    return texts.stream()
        .map(text -> model.logits(List.of(reader.read(text)))[0])
        .toArray(float[][]::new);
  }

  /** The logits of one padded batch. */
  static float[][] plain(Path directory, int[][] rows) throws Exception {
    int longest = Arrays.stream(rows).mapToInt(row -> row.length).max().orElseThrow();
    long[][] ids = new long[rows.length][longest];
    long[][] mask = new long[rows.length][longest];
    for (int i = 0; i < rows.length; i++) {
      Arrays.fill(ids[i], 7_000_000); // padding, which is no token
      for (int t = 0; t < rows[i].length; t++) {
        ids[i][t] = rows[i][t];
        mask[i][t] = 1;
      }
    }
    try (Model model = Model.newInstance("model", Device.cpu(), "PyTorch")) {
      model.load(directory);
      try (NDManager manager = model.getNDManager().newSubManager()) {
        NDArray logits =
            forward(model.getBlock(), manager, manager.create(ids), manager.create(mask));
        assertThat(logits.getShape())
            .isEqualTo(new ai.djl.ndarray.types.Shape(rows.length, LABELS.size()));
        assertThat(logits.getDataType()).isEqualTo(DataType.FLOAT32);
        return GptClassifier.rows(logits.toFloatArray(), rows.length);
      }
    }
  }

  static NDArray forward(Block block, NDManager manager, NDArray ids, NDArray mask) {
    return block
        .forward(new ParameterStore(manager, false), new NDList(ids, mask), false)
        .singletonOrThrow();
  }
}
