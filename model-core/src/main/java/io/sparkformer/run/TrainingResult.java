package io.sparkformer.run;

import io.sparkformer.datasets.tokens.SplitName;
import java.io.Serializable;
import java.util.EnumMap;
import java.util.Map;
import java.util.Optional;

/**
 * What a run came to.
 *
 * @param steps updates done in all
 * @param epochs the same in passes over the train split; 0 if there are none
 * @param evaluations the last model's figures of each split that there is, over as many batches
 * @param monitor what decided which model is best
 * @param best its value for the model in best/
 * @param stoppedEarly whether it ended because nothing became better
 * @param truncated sequences of the data set that were cut
 * @param tokensPerSecond trained, over this run's steps without evaluations and checkpoints
 * @param seconds of this run
 * @param parameters of the model
 * @param resumedFrom the step that this run went on from, 0 for a new one
 */
public record TrainingResult(
    long steps,
    double epochs,
    Map<SplitName, Evaluation.Result> evaluations,
    String monitor,
    double best,
    boolean stoppedEarly,
    long truncated,
    double tokensPerSecond,
    double seconds,
    long parameters,
    long resumedFrom)
    implements Serializable {

  public TrainingResult {
    evaluations = new EnumMap<>(evaluations);
  }

  /** The last model's figures of the train split. */
  public Evaluation.Result train() {
    return evaluations.get(SplitName.TRAIN);
  }

  /**
   * The last model's figures of the valid split.
   *
   * @throws java.util.NoSuchElementException if the data set has none
   */
  public Evaluation.Result valid() {
    return Optional.ofNullable(evaluations.get(SplitName.VALID)).orElseThrow();
  }
}
