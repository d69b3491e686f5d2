package io.sparkformer.train;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.io.Serializable;

/**
 * One line of metrics.jsonl.
 *
 * @param event what was measured
 * @param step updates done
 * @param split whose tokens
 * @param loss mean cross entropy in nats: over the steps since the last line, or over the evaluated
 *     batches
 * @param lr learning rate of the last update
 * @param gradNorm of the last update, before clipping
 * @param tokensPerSecond trained, over all ranks, since the last line
 * @param stepMs mean milliseconds of a step since the last line
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
public record Metric(
    Event event,
    long step,
    String split,
    double loss,
    Double lr,
    Double gradNorm,
    Double tokensPerSecond,
    Double stepMs)
    implements Serializable {

  /** What a line is about. */
  public enum Event {
    /** Training steps. */
    TRAIN,
    /** An evaluation. */
    EVALUATION
  }

  static Metric evaluation(long step, String split, double loss) {
    return new Metric(Event.EVALUATION, step, split, loss, null, null, null, null);
  }
}
