package io.sparkformer.ml;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.Set;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.util.DefaultParamsReader;
import org.apache.spark.ml.util.MLReader;
import scala.Option;

/**
 * Loads what was saved under the name {@link SequenceClassifier}: estimators and, of the time when
 * they had that name, fitted models.
 */
final class SavedClassifier extends MLReader<PipelineStage> {

  private static final Set<String> NAMES =
      Set.of(SequenceClassifier.class.getName(), SequenceClassifierTrainer.class.getName());

  @Override
  public PipelineStage load(String path) {
    DefaultParamsReader.Metadata metadata = DefaultParamsReader.loadMetadata(path, sc(), "");
    if (SavedTextModel.isModel(metadata)) {
      return SequenceClassificationModel.load(path);
    }
    require(
        NAMES.contains(metadata.className()),
        "%s holds a %s: load it with that class",
        path,
        metadata.className());
    SequenceClassifier estimator = new SequenceClassifier(metadata.uid());
    metadata.getAndSetParams(estimator, Option.empty());
    return estimator;
  }
}
