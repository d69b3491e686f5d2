package io.sparkformer.jobs;

import io.sparkformer.train.TrainingRun;

/**
 * What train prints.
 *
 * @param steps updates done in all
 * @param trainLoss of the last model, in nats, over as many batches as the valid loss
 * @param validLoss of the last model
 * @param bestValidLoss of all evaluations
 * @param tokensPerSecond trained, without evaluations and checkpoints
 * @param seconds of the whole job
 * @param parameters of the model
 * @param resumedFrom the step that this run went on from, 0 for a new one
 * @param workers ranks that finished it
 * @param failures that it survived
 * @param output where everything is
 */
record TrainResult(
    long steps,
    double trainLoss,
    double validLoss,
    double bestValidLoss,
    double tokensPerSecond,
    double seconds,
    long parameters,
    long resumedFrom,
    int workers,
    int failures,
    String output) {

  static TrainResult of(Attempts.Done done, double seconds, String output) {
    TrainingRun.Summary summary = done.summary();
    return new TrainResult(
        summary.steps(),
        summary.trainLoss(),
        summary.validLoss(),
        summary.bestValidLoss(),
        summary.tokensPerSecond(),
        seconds,
        summary.parameters(),
        summary.resumedFrom(),
        done.workers(),
        done.failures(),
        output);
  }
}
