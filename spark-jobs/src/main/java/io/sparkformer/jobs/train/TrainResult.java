package io.sparkformer.jobs.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.run.Evaluation;
import io.sparkformer.run.TrainingResult;

/**
 * What train prints.
 *
 * @param steps updates done in all
 * @param epochs the same in passes over the train split; 0 if there are none
 * @param trainLoss of the last model, in nats, over as many batches as the valid loss
 * @param validLoss of the last model; not there if the data set has no valid split, as the next
 * @param validAccuracy of the last model: share of the targets that are the likeliest class
 * @param monitor what decided which model is best
 * @param best its value for the model in best/
 * @param stoppedEarly whether it ended because nothing became better
 * @param truncated sequences of the data set that were cut to the context
 * @param tokensPerSecond trained, without evaluations and checkpoints
 * @param seconds of the whole job
 * @param parameters of the model
 * @param resumedFrom the step that this run went on from, 0 for a new one
 * @param workers ranks that finished it
 * @param failures that it survived
 * @param output where everything is
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record TrainResult(
    long steps,
    double epochs,
    double trainLoss,
    Double validLoss,
    Double validAccuracy,
    String monitor,
    double best,
    boolean stoppedEarly,
    long truncated,
    double tokensPerSecond,
    double seconds,
    long parameters,
    long resumedFrom,
    int workers,
    int failures,
    String output) {

  static TrainResult of(TrainRetries.Done done, double seconds, String output) {
    TrainingResult result = done.result();
    Evaluation.Result valid = result.evaluations().get(SplitName.VALID);
    return new TrainResult(
        result.steps(),
        result.epochs(),
        result.train().loss(),
        valid == null ? null : (Double) valid.loss(),
        valid == null ? null : (Double) valid.accuracy(),
        result.monitor(),
        result.best(),
        result.stoppedEarly(),
        result.truncated(),
        result.tokensPerSecond(),
        seconds,
        result.parameters(),
        result.resumedFrom(),
        done.workers(),
        done.failures(),
        output);
  }
}
