package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import ai.djl.Device;
import io.sparkformer.collective.Collective;
import io.sparkformer.datasets.WatchedFileSystem;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.recipe.RecipeFile;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.UUID;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;

/** A tiny model, a tiny character data set, and runs of the one over the other. */
public final class TinyRun {

  static final String TEXT = "the quick brown fox jumps over the lazy dog. ".repeat(40);

  private static final String RECIPE =
      """
      model: {context-length: 8, num-layers: 2, num-heads: 2, embedding-dim: 16, dropout: 0.1}
      training: {max-steps: 20, micro-batch-size: 4, global-batch-size: 8, seed: 7, threads: 1, log-interval: 5}
      optimizer: {learning-rate: 0.01}
      schedule: {warmup-steps: 3, decay-steps: 20}
      evaluation: {interval: 10, batches: 4}
      checkpoint: {interval: 4, keep: 2}
      """;

  private static final Configuration CONFIGURATION = new Configuration();

  private TinyRun() {}

  public static RecipeFile recipe(String... settings) {
    Kernels.threads(1);
    return RecipeFile.parse(RECIPE, "tiny.yaml").with(List.of(settings));
  }

  public static RunDirectory directory(Path output) {
    return RunDirectory.of(CONFIGURATION, new org.apache.hadoop.fs.Path(output.toString()));
  }

  /** On the watched file system, which it restarts. */
  static RunDirectory watched(Path output) {
    WatchedFileSystem.restart();
    return RunDirectory.of(
        WatchedFileSystem.configuration(), new org.apache.hadoop.fs.Path("watched:" + output));
  }

  /** Settings, and more of them. */
  static String[] with(String[] settings, String... more) {
    List<String> all = new ArrayList<>(List.of(settings));
    all.addAll(List.of(more));
    return all.toArray(String[]::new);
  }

  static TrainingResult train(Path data, Path output, RunDirectory.Mode mode, String... settings)
      throws IOException {
    return train(data, output, mode, event -> {}, settings);
  }

  static TrainingResult train(
      Path data,
      Path output,
      RunDirectory.Mode mode,
      Consumer<TrainingEvent> listener,
      String... settings)
      throws IOException {
    return train(hadoop(data), directory(output), mode, listener, settings);
  }

  static TrainingResult train(
      org.apache.hadoop.fs.Path data,
      RunDirectory output,
      RunDirectory.Mode mode,
      Consumer<TrainingEvent> listener,
      String... settings)
      throws IOException {
    return train(
        data,
        new Checkpointer(
            output,
            mode,
            UUID.randomUUID().toString(),
            Ownership.UNSHARED,
            Duration.ofSeconds(10),
            listener),
        settings);
  }

  /** An attempt of one run, as its checkpointer says. */
  static TrainingResult train(
      org.apache.hadoop.fs.Path data, Checkpointer checkpointer, String... settings)
      throws IOException {
    return train(CONFIGURATION, data, checkpointer, settings);
  }

  static TrainingResult train(
      Configuration configuration,
      org.apache.hadoop.fs.Path data,
      Checkpointer checkpointer,
      String... settings)
      throws IOException {
    try (TokenDataset dataset = TokenDataset.open(configuration, data);
        TrainingRun run =
            TrainingRun.leading(recipe(settings), dataset, Device.cpu(), checkpointer)) {
      return run.train(Collective.single(run.shape().microBatches()));
    }
  }

  /** A listener to the lines of metrics alone. */
  static Consumer<TrainingEvent> onLine(Consumer<Metric> listener) {
    return event -> {
      if (event instanceof TrainingEvent.Logged line) {
        listener.accept(line.metric());
      }
    };
  }

  /** Writes a data set, a shard for each split. */
  public static Path dataset(Path directory, String train, String valid) throws IOException {
    Files.createDirectories(directory);
    CharTokenizer tokenizer =
        CharTokenizer.of((train + valid).codePoints().sorted().distinct().toArray());
    tokenizer.write(localFiles(), hadoop(directory));
    TreeMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    splits.put(SplitName.TRAIN, split(directory, "train", tokenizer.encode(train)));
    splits.put(SplitName.VALID, split(directory, "valid", tokenizer.encode(valid)));
    new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile(CharTokenizer.FILE_NAME, tokenizer.fingerprint()),
            tokenizer.vocabSize(),
            TokenDtype.UINT16,
            List.of(),
            2,
            0,
            DatasetManifest.Skipped.NONE,
            splits,
            List.of(),
            new TreeMap<>())
        .write(localFiles(), hadoop(directory));
    return directory;
  }

  private static DatasetManifest.Split split(Path directory, String name, int[] tokens)
      throws IOException {
    try (ShardWriter writer =
        ShardWriter.create(
            localFiles(), hadoop(directory), name + "-00000-of-00001", TokenDtype.UINT16)) {
      writer.append(tokens, 0, tokens.length);
      writer.endDocument();
      List<ShardFile> files = new ArrayList<>(writer.finish());
      return new DatasetManifest.Split(
          tokens.length, 1, tokens.length, tokens.length, files, List.of());
    }
  }

  /** A line of metrics of an evaluation of a language model. */
  static Metric evaluated(long step, SplitName split, double loss) {
    return Metric.evaluation(
        step,
        null,
        split,
        new Evaluation.Result(loss, 1, 0, new ConfusionMatrix(List.of(), new long[0][0])));
  }

  /** Mean cross entropy of a batch. */
  public static float loss(Gpt model, TokenBatch batch) {
    Gpt.Evaluated evaluated = model.evaluate(batch);
    return (float) (evaluated.lossSum() / evaluated.targets());
  }

  /** Every file below a directory, hidden ones too, with its content's hash. */
  static Map<String, Integer> content(Path directory) throws IOException {
    Map<String, Integer> content = new HashMap<>();
    if (Files.exists(directory)) {
      try (Stream<Path> files = Files.walk(directory)) {
        for (Path file : files.filter(Files::isRegularFile).toList()) {
          content.put(
              directory.relativize(file).toString(),
              java.util.Arrays.hashCode(Files.readAllBytes(file)));
        }
      }
    }
    return content;
  }

  /** Changes the lowest bit of a file's byte. */
  static void flipBit(Path file, int position) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[position] ^= 1;
    Files.write(file, bytes);
  }

  static void truncate(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, java.util.Arrays.copyOf(bytes, bytes.length / 2));
  }
}
