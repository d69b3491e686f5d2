package io.sparkformer.recipe;

import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.model.ModelConfig;
import java.io.Serializable;

/**
 * How a split becomes rows.
 *
 * @param samples what a row is, of a language model; a classifier's rows are sequences
 * @param truncate the side on which sequences longer than the context are cut
 * @param ignoreIndex of sequences: a target that does not count
 */
public record SampleFormat(DataConfig.Samples samples, Truncation truncate, long ignoreIndex)
    implements Serializable {

  /** Whether rows are windows of a model's context, and not sequences. */
  public boolean readsWindows(ModelConfig model) {
    return !model.head().isClassifier() && samples == DataConfig.Samples.WINDOWS;
  }
}
