package io.sparkformer.ml;

import org.apache.spark.ml.util.MLReader;

/**
 * The name that {@link SequenceClassifier} had, by which Spark looks it up in pipelines saved then.
 */
public final class SequenceClassifierTrainer {

  private SequenceClassifierTrainer() {}

  /** Loads what was saved under this name. */
  public static MLReader<?> read() {
    return SequenceClassifier.read();
  }
}
