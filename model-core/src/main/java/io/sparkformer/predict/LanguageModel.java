package io.sparkformer.predict;

import ai.djl.Device;
import ai.djl.ndarray.NDManager;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.generate.Continuation;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A causal language model and its tokenizer. Any number of threads may use it at once. */
public final class LanguageModel implements AutoCloseable {

  /** Logits of a batch, the largest of its arrays, take no more. */
  private static final long LOGITS_BYTES = 256L << 20;

  private final Gpt model;
  private final Tokenizer tokenizer;
  private final TextReading reading;
  private final List<Integer> endOfText;

  private LanguageModel(
      Gpt model, Tokenizer tokenizer, TextReading reading, List<Integer> endOfText) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.reading = reading;
    this.endOfText = endOfText;
  }

  /**
   * Loads a model.
   *
   * @throws InvalidInputException if it is none, damaged, or does not continue texts
   */
  public static LanguageModel open(String path, Configuration hadoop, Device device)
      throws IOException {
    Path place = Storage.path(path);
    ModelDirectory directory = ModelDirectory.open(hadoop, place);
    TextGenerator.requirePrompt(new int[1], directory.config());
    TextProcessing texts = directory.processing();
    Tokenizer tokenizer = requireTokenizer(texts, place);
    return new LanguageModel(
        directory.load(Precision.FP32, device), tokenizer, texts.reading(), texts.endOfText());
  }

  /**
   * Checks a model without reading its weights.
   *
   * @throws InvalidInputException if it is none, or does not continue texts
   */
  public static void check(String path, Configuration hadoop) throws IOException {
    Path place = Storage.path(path);
    ModelDirectory directory = ModelDirectory.open(hadoop, place);
    TextGenerator.requirePrompt(new int[1], directory.config());
    requireTokenizer(directory.processing(), place);
  }

  static Tokenizer requireTokenizer(TextProcessing texts, Path path) {
    return texts
        .tokenizer()
        .orElseThrow(
            () ->
                new InvalidInputException(
                    String.format(
                        "%s has no %s, so texts cannot be read: copy the one it was trained with there",
                        path, Tokenizer.FILE_NAME)));
  }

  /**
   * A reader for one thread.
   *
   * @param truncate where texts are cut that are longer than the context
   */
  public TextReader reader(Truncation truncate) {
    ModelConfig config = model.config();
    return new ModelTextReader(
        tokenizer, reading.cutting(truncate), config.vocabSize(), config.contextLength());
  }

  /**
   * How unlikely texts are.
   *
   * @param rows token ids, at least one a row
   * @return of each the sum of its tokens' negative log likelihoods but the first's, in nats
   */
  public List<Double> losses(List<int[]> rows) {
    long longest = rows.stream().mapToInt(row -> row.length).max().orElseThrow();
    long rowBytes = Float.BYTES * longest * model.config().vocabSize();
    int most = (int) Math.max(1, LOGITS_BYTES / rowBytes);
    List<Double> losses = new ArrayList<>();
    for (int from = 0; from < rows.size(); from += most) {
      PaddedRows padded = new PaddedRows(rows.subList(from, Math.min(rows.size(), from + most)));
      try (NDManager step = model.manager().newSubManager()) {
        float[] sums =
            model
                .kernels()
                .rowLosses(
                    step,
                    padded.ids(step),
                    padded.next(step, TokenBatch.IGNORED),
                    padded.lengths(step),
                    model.weightList())
                .toFloatArray();
        for (float sum : sums) {
          losses.add((double) sum);
        }
      }
    }
    return losses;
  }

  /**
   * Continues prompts of one length together, each as it is continued alone, with draws of its own.
   *
   * @param prompts token ids, at least one a prompt
   */
  public List<Continuation> generate(List<int[]> prompts, SamplingOptions options) {
    return TextGenerator.of(model, endOfText)
        .limitedTo(tokenizer.vocabSize())
        .generateAll(prompts, options);
  }

  /** The text of tokens. */
  public String text(List<Integer> ids) {
    return tokenizer.decode(ids.stream().mapToInt(Integer::intValue).toArray());
  }

  @Override
  public void close() {
    model.close();
  }
}
