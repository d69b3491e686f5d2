package io.sparkformer.ml;

import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.MLReader;
import scala.Option;

/**
 * Loads what was saved under the name {@link SequenceClassifier}: estimators and, of the time when
 * they had that name, fitted models.
 */
final class SavedClassifier extends MLReader<PipelineStage> {

  @Override
  public PipelineStage load(String path) {
    DefaultParamsReader.Metadata metadata = DefaultParamsReader.loadMetadata(path, sc(), "");
    // An estimator has no such param, a model is not saved without it.
    if (metadata.metadataJson().contains("\"modelPath\"")) {
      return SequenceClassificationModel.load(path);
    }
    SequenceClassifier estimator = new SequenceClassifier(metadata.uid());
    metadata.getAndSetParams(estimator, Option.empty());
    return estimator;
  }
}
