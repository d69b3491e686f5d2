package io.sparkformer.jobs.evaluate;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.model.TextReading;
import io.sparkformer.recipe.DataConfig;
import io.sparkformer.recipe.SampleFormat;
import java.io.Serializable;

/**
 * What the evaluate job is asked for.
 *
 * @param model a model directory
 * @param data a token data set
 * @param split the data set's split, all of which is predicted
 * @param batchSize rows that are predicted at once, at most
 * @param samples of a language model: what a row is
 * @param truncate the side on which sequences longer than the context are cut; null for that on
 *     which the model's training cut them
 * @param ignoreIndex of sequences: a target that does not count
 */
record EvaluateOptions(
    String model,
    String data,
    SplitName split,
    int batchSize,
    DataConfig.Samples samples,
    Truncation truncate,
    long ignoreIndex)
    implements Serializable {

  EvaluateOptions {
    require(!model.isBlank(), "--model is empty: give the model's directory");
    require(!data.isBlank(), "--data is empty: give the data set's directory");
    require(batchSize > 0, "--batch-size is %d: it must be at least 1", batchSize);
  }

  /** How the split becomes rows for a model that was trained to read texts so. */
  SampleFormat sampleFormat(TextReading trained) {
    return new SampleFormat(samples, truncate == null ? trained.truncate() : truncate, ignoreIndex);
  }
}
