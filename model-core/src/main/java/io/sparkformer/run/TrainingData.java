package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.sample.EpochOrder;
import io.sparkformer.datasets.sample.RandomOrder;
import io.sparkformer.datasets.sample.SampleOrder;
import io.sparkformer.datasets.sample.Samples;
import io.sparkformer.datasets.sample.SequenceSamples;
import io.sparkformer.datasets.sample.SequentialBatches;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.sample.WindowSamples;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.recipe.DataConfig;
import io.sparkformer.recipe.EvaluationConfig;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.SampleFormat;
import io.sparkformer.train.Trainer;
import java.io.IOException;
import java.util.Optional;

/**
 * A data set as a recipe reads it: batches in the order of training, and those that are evaluated.
 *
 * @param batches of training, a pure function of (seed, step, micro-batch); safe for many threads
 * @param valid what is evaluated of the valid split; empty if the data set has none
 * @param train as many batches of the train split, or without a valid one a tenth of it
 * @param truncated sequences of both splits that are longer than the context
 */
record TrainingData(
    Trainer.Batches batches,
    Optional<SequentialBatches> valid,
    SequentialBatches train,
    long truncated) {

  /** Of the train split's batches one in so many is evaluated where there is no valid split. */
  private static final int SHARE = 10;

  /**
   * Opens the splits.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the data set does not fit the recipe
   */
  static TrainingData of(Recipe recipe, TokenDataset data) throws IOException {
    int rows = recipe.training().microBatchSize();
    Split train = Split.of(recipe, data, SplitName.TRAIN);
    Optional<Split> valid = valid(recipe, data);
    SampleOrder order = order(recipe, train.drawn().size());
    int batches = recipe.evaluation().batches();
    Optional<SequentialBatches> validBatches =
        valid
            .map(split -> SequentialBatches.over(split.covered(), rows))
            .map(all -> batches > 0 ? all.evenlySpaced(batches) : all);
    SequentialBatches trainBatches = SequentialBatches.over(train.covered(), rows);
    long share = batches > 0 ? batches : Math.max(1, trainBatches.batches() / SHARE);
    return new TrainingData(
        (step, microBatch) -> batch(train.drawn(), order.indices(step, microBatch, rows)),
        validBatches,
        trainBatches.evenlySpaced(validBatches.map(SequentialBatches::batches).orElse(share)),
        train.truncated() + valid.map(Split::truncated).orElse(0L));
  }

  /** The valid split, unless there is none, which a recipe that relies on it refuses. */
  private static Optional<Split> valid(Recipe recipe, TokenDataset data) throws IOException {
    if (data.manifest().has(SplitName.VALID)) {
      return Optional.of(Split.of(recipe, data, SplitName.VALID));
    }
    EvaluationConfig evaluation = recipe.evaluation();
    require(
        evaluation.patience() == 0,
        "evaluation.patience is %d, but %s has no valid split to see when to stop: set it to 0, or make the data set"
            + " with --valid-fraction above 0",
        evaluation.patience(),
        Storage.shown(data.directory()));
    require(
        evaluation.monitor() == EvaluationConfig.Monitor.LOSS,
        "evaluation.monitor is %s, but %s has no valid split to choose the best model by: set it to loss, which is"
            + " then that of the train split, or make the data set with --valid-fraction above 0",
        evaluation.monitor().label(),
        Storage.shown(data.directory()));
    return Optional.empty();
  }

  private static TokenBatch batch(Samples samples, long[] indices) {
    return indices.length == 0 ? TokenBatch.none() : samples.batch(indices);
  }

  private static SampleOrder order(Recipe recipe, long samples) {
    Recipe.Training training = recipe.training();
    return recipe.data().order() == DataConfig.Order.RANDOM
        ? new RandomOrder(training.seed(), samples)
        : new EpochOrder(
            training.seed(),
            samples,
            training.globalBatchSize(),
            training.microBatchSize(),
            recipe.data().remainder());
  }

  /**
   * A split.
   *
   * @param drawn what training draws from
   * @param covered all of it, for evaluation
   */
  private record Split(Samples drawn, Samples covered, long truncated) {

    static Split of(Recipe recipe, TokenDataset data, SplitName split) throws IOException {
      SampleFormat format = recipe.data().sampleFormat();
      if (!format.readsWindows(recipe.model())) {
        SequenceSamples samples = Evaluation.sequences(recipe.model(), data, split, format);
        return new Split(samples, samples, samples.truncated());
      }
      Samples covered = Evaluation.samples(recipe.model(), data, split, format);
      if (split == SplitName.VALID) {
        return new Split(covered, covered, 0);
      }
      int contextLength = recipe.model().contextLength();
      Samples drawn =
          recipe.data().order() == DataConfig.Order.RANDOM
              ? WindowSamples.everyStart(data.split(split), contextLength)
              : WindowSamples.sideBySide(data.split(split), contextLength);
      return new Split(drawn, covered, 0);
    }
  }
}
