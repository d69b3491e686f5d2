package io.sparkformer.predict;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;

/** A classifier of sequences that was trained here, or has HuggingFace's GPT-2 form. */
public final class GptClassifier implements SequenceModel {

  private final Gpt model;
  private final Tokenizer tokenizer;
  private final TextReading reading;
  private final Classes classes;

  private GptClassifier(Gpt model, Tokenizer tokenizer, TextReading reading, Classes classes) {
    this.model = model;
    this.tokenizer = tokenizer;
    this.reading = reading;
    this.classes = classes;
  }

  static GptClassifier open(Configuration hadoop, Path path, Device device) throws IOException {
    ModelDirectory directory = ModelDirectory.open(hadoop, path);
    requireSequences(directory, path);
    TextProcessing texts = directory.processing();
    Tokenizer tokenizer = LanguageModel.requireTokenizer(texts, path);
    Classes classes = new Classes(texts.labels(), texts.problem());
    return new GptClassifier(
        directory.load(Precision.FP32, device), tokenizer, texts.reading(), classes);
  }

  static Classes check(Configuration hadoop, Path path) throws IOException {
    ModelDirectory directory = ModelDirectory.open(hadoop, path);
    requireSequences(directory, path);
    TextProcessing texts = directory.processing();
    LanguageModel.requireTokenizer(texts, path);
    return new Classes(texts.labels(), texts.problem());
  }

  private static void requireSequences(ModelDirectory directory, Path path) throws IOException {
    Head head = directory.config().head();
    require(
        head.kind() == Head.Kind.SEQUENCE_CLASSIFICATION,
        "%s has no head for sequence classification (its head is a %s): give a model that was trained with"
            + " model.head.kind=sequence-classification",
        path,
        head.kind().name().toLowerCase(Locale.ROOT).replace('_', ' '));
  }

  @Override
  public Classes classes() {
    return classes;
  }

  @Override
  public TextReader reader(Optional<Truncation> truncation) {
    ModelConfig config = model.config();
    return new ModelTextReader(
        tokenizer,
        truncation.map(reading::cutting).orElse(reading),
        config.vocabSize(),
        config.contextLength());
  }

  @Override
  public float[][] logits(List<int[]> rows) {
    PaddedRows padded = new PaddedRows(rows);
    try (NDManager step = model.manager().newSubManager()) {
      NDArray logits =
          model.kernels().logits(step, padded.ids(step), padded.lengths(step), model.weightList());
      return rows(logits.toFloatArray(), rows.size());
    }
  }

  /** A batch's logits, row by row. */
  static float[][] rows(float[] flat, int rows) {
    int width = flat.length / rows;
    float[][] split = new float[rows][];
    for (int i = 0; i < rows; i++) {
      split[i] = Arrays.copyOfRange(flat, i * width, (i + 1) * width);
    }
    return split;
  }

  @Override
  public void close() {
    model.close();
  }
}
