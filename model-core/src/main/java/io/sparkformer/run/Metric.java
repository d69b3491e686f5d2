package io.sparkformer.run;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.sparkformer.datasets.tokens.SplitName;
import java.io.Serializable;

/**
 * One line of metrics.jsonl.
 *
 * @param event what was measured
 * @param step updates done
 * @param epoch the same in passes over the train split; null where there are no epochs
 * @param split whose samples
 * @param loss over the steps since the last line: the objective's mean; of an evaluation: mean
 *     cross entropy in nats
 * @param accuracy of an evaluation: share of the targets that were the likeliest class
 * @param macroF1 of a classifier's evaluation
 * @param weightedF1 of a classifier's evaluation
 * @param lr learning rate of the last update
 * @param gradNorm of the last update, before clipping
 * @param tokensPerSecond trained, over all ranks, since the last line
 * @param stepMs mean milliseconds of a step since the last line
 * @param timeSeconds when it was measured, since 1970
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Metric(
    Event event,
    long step,
    Double epoch,
    SplitName split,
    double loss,
    Double accuracy,
    Double macroF1,
    Double weightedF1,
    Double lr,
    Double gradNorm,
    Double tokensPerSecond,
    Double stepMs,
    double timeSeconds)
    implements Serializable {

  /** What a line is about. */
  public enum Event {
    /** Training steps. */
    TRAIN,
    /** An evaluation. */
    EVALUATION
  }

  static Metric evaluation(long step, Double epoch, SplitName split, Evaluation.Result result) {
    boolean classifier = !result.confusion().labels().isEmpty();
    return new Metric(
        Event.EVALUATION,
        step,
        epoch,
        split,
        result.loss(),
        result.accuracy(),
        classifier ? (Double) result.report().macroAverage().f1() : null,
        classifier ? (Double) result.report().weightedAverage().f1() : null,
        null,
        null,
        null,
        null,
        now());
  }

  static double now() {
    return System.currentTimeMillis() / 1e3;
  }
}
