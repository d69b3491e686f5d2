package io.sparkformer.run;

import io.sparkformer.collective.Collective;
import io.sparkformer.datasets.sample.Samples;
import io.sparkformer.datasets.sample.SequenceSamples;
import io.sparkformer.datasets.sample.SequentialBatches;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.sample.WindowSamples;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.evaluation.ClassificationReport;
import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.recipe.EvaluationConfig;
import io.sparkformer.recipe.SampleFormat;
import io.sparkformer.train.GradientAllReduce;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import java.util.function.LongConsumer;

/** How well a model predicts a split: plain cross entropy, whatever the training's objective. */
public final class Evaluation {

  /** Of a batch: the sum of its losses, its targets, those predicted right. */
  private static final int NUMBERS = 3;

  private Evaluation() {}

  /**
   * The figures.
   *
   * @param loss mean negative log likelihood of a target, in nats
   * @param targets what was predicted: tokens, or labels
   * @param accuracy share of the targets that the likeliest class is
   * @param confusion of a classifier's classes; of no labels for a language model
   */
  public record Result(double loss, long targets, double accuracy, ConfusionMatrix confusion)
      implements Serializable {

    /** e^loss. */
    public double perplexity() {
      return Math.exp(loss);
    }

    public double bitsPerToken() {
      return loss / Math.log(2);
    }

    /** The figure that decides which model is best. */
    double figure(EvaluationConfig.Monitor monitor) {
      return switch (monitor) {
        case LOSS -> loss;
        case ACCURACY -> accuracy;
        case MACRO_PRECISION -> report().macroAverage().precision();
        case MACRO_RECALL -> report().macroAverage().recall();
        case MACRO_F1 -> report().macroAverage().f1();
        case WEIGHTED_F1 -> report().weightedAverage().f1();
      };
    }

    /** As it is stored beside a model. */
    EvaluationRecord record(long step, SplitName split) {
      return new EvaluationRecord(
          step, split, loss, accuracy, confusion.labels().isEmpty() ? null : confusion);
    }

    /** Of a classifier: precision, recall and F1 of each class. */
    public ClassificationReport report() {
      return ClassificationReport.of(confusion);
    }
  }

  /**
   * A split as a model is evaluated on it: of windows every token but the first, of sequences every
   * label or next token.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the data does not fit the head
   */
  public static Samples samples(
      ModelConfig model, TokenDataset data, SplitName split, SampleFormat format)
      throws IOException {
    return format.readsWindows(model)
        ? WindowSamples.covering(data.split(split), model.contextLength())
        : sequences(model, data, split, format);
  }

  static SequenceSamples sequences(
      ModelConfig model, TokenDataset data, SplitName split, SampleFormat format)
      throws IOException {
    return SequenceSamples.of(
        data,
        split,
        target(model.head().kind()),
        model.contextLength(),
        format.truncate(),
        format.ignoreIndex());
  }

  /** What a head predicts of a sequence. */
  private static SequenceSamples.Target target(Head.Kind kind) {
    return switch (kind) {
      case LANGUAGE_MODEL -> SequenceSamples.Target.NEXT_TOKEN;
      case TOKEN_CLASSIFICATION -> SequenceSamples.Target.TOKEN_LABELS;
      case SEQUENCE_CLASSIFICATION -> SequenceSamples.Target.SEQUENCE_LABEL;
    };
  }

  /**
   * Predicts every target; each counts the same, whatever its batch's size.
   *
   * @param labels names of a classifier's classes; none for a language model
   * @param progress told the number of batches done, after each
   */
  public static Result of(
      Gpt model, SequentialBatches batches, List<String> labels, LongConsumer progress) {
    int count = Math.toIntExact(batches.batches());
    float[] numbers = new float[NUMBERS * count];
    long[] confusion = new long[labels.size() * labels.size()];
    for (int i = 0; i < count; i++) {
      predict(model, batches.batch(i), i, numbers, labels.size(), confusion);
      progress.accept(i + 1L);
    }
    return result(numbers, labels, confusion);
  }

  /**
   * The same with the work shared among ranks: the same bits for any number of them.
   *
   * @param progress told about how many batches all ranks have done, after each of this one's
   */
  static Result shared(
      Gpt model,
      SequentialBatches batches,
      List<String> labels,
      GradientAllReduce allReduce,
      LongConsumer progress) {
    int count = Math.toIntExact(batches.batches());
    Collective ranks = allReduce.collective();
    float[] numbers = allReduce.neutral(NUMBERS * count);
    long[] confusion = new long[labels.size() * labels.size()];
    for (int i = ranks.rank(); i < count; i += ranks.worldSize()) {
      ranks.requireWanted();
      predict(model, batches.batch(i), i, numbers, labels.size(), confusion);
      progress.accept(i + 1L);
    }
    float[] totals = allReduce.total(numbers);
    long targets = 0;
    for (int i = 1; i < totals.length; i += NUMBERS) {
      targets += (long) totals[i];
    }
    return result(totals, labels, allReduce.total(confusion, targets));
  }

  private static void predict(
      Gpt model, TokenBatch batch, int index, float[] numbers, int classes, long[] confusion) {
    Gpt.Evaluated evaluated = model.evaluate(batch);
    int right = 0;
    for (int i = 0; i < evaluated.predictions().length; i++) {
      long target = batch.targets()[i];
      if (target == TokenBatch.IGNORED) {
        continue;
      }
      right += evaluated.predictions()[i] == target ? 1 : 0;
      if (classes > 0) {
        confusion[(int) target * classes + evaluated.predictions()[i]]++;
      }
    }
    numbers[NUMBERS * index] = (float) evaluated.lossSum();
    numbers[NUMBERS * index + 1] = evaluated.targets();
    numbers[NUMBERS * index + 2] = right;
  }

  private static Result result(float[] numbers, List<String> labels, long[] confusion) {
    double loss = 0;
    double targets = 0;
    double right = 0;
    for (int i = 0; i < numbers.length; i += NUMBERS) {
      loss += numbers[i];
      targets += numbers[i + 1];
      right += numbers[i + 2];
    }
    return new Result(
        loss / targets, (long) targets, right / targets, ConfusionMatrix.of(labels, confusion));
  }
}
