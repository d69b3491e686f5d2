package io.sparkformer.run;

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
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.SampleFormat;
import io.sparkformer.train.Trainer;
import java.io.IOException;

/**
 * A data set as a recipe reads it: batches in the order of training, and those that are evaluated.
 *
 * @param batches of training, a pure function of (seed, step, micro-batch); safe for many threads
 * @param valid what is evaluated of the valid split
 * @param train as many batches of the train split
 * @param truncated sequences of both splits that are longer than the context
 */
record TrainingData(
    Trainer.Batches batches, SequentialBatches valid, SequentialBatches train, long truncated) {

  /**
   * Opens both splits.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the data set does not fit the recipe
   */
  static TrainingData of(Recipe recipe, TokenDataset data) throws IOException {
    int rows = recipe.training().microBatchSize();
    Split train = Split.of(recipe, data, SplitName.TRAIN);
    Split valid = Split.of(recipe, data, SplitName.VALID);
    SampleOrder order = order(recipe, train.drawn().size());
    int batches = recipe.evaluation().batches();
    SequentialBatches validBatches = SequentialBatches.over(valid.covered(), rows);
    if (batches > 0) {
      validBatches = validBatches.evenlySpaced(batches);
    }
    return new TrainingData(
        (step, microBatch) -> batch(train.drawn(), order.indices(step, microBatch, rows)),
        validBatches,
        SequentialBatches.over(train.covered(), rows).evenlySpaced(validBatches.batches()),
        train.truncated() + valid.truncated());
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
