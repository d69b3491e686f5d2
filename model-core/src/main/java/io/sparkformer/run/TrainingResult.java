package io.sparkformer.run;

import java.io.Serializable;

/**
 * What a run came to.
 *
 * @param steps updates done in all
 * @param epochs the same in passes over the train split; 0 if there are none
 * @param train the last model's figures, over as many batches as valid's
 * @param valid the last model's figures
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
    Evaluation.Result train,
    Evaluation.Result valid,
    String monitor,
    double best,
    boolean stoppedEarly,
    long truncated,
    double tokensPerSecond,
    double seconds,
    long parameters,
    long resumedFrom)
    implements Serializable {}
