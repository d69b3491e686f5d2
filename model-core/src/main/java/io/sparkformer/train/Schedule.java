package io.sparkformer.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * The learning rate over the steps: linear warm-up, then constant, linear or cosine decay
 * (Loshchilov and Hutter 2017, arXiv:1608.03983) to a minimum.
 *
 * @param kind the form after warm-up
 * @param warmupSteps step i of them has (i + 1) / (warmupSteps + 1) of the full rate
 * @param decaySteps the step from which the minimum holds; 0 for the run's last
 * @param minLearningRate where decay ends
 */
public record Schedule(Kind kind, long warmupSteps, long decaySteps, double minLearningRate) {

  /** The form after warm-up. */
  public enum Kind {
    @JsonProperty("constant")
    CONSTANT,
    @JsonProperty("linear")
    LINEAR,
    @JsonProperty("cosine")
    COSINE
  }

  public Schedule {
    Recipe.atLeast("schedule.warmup-steps", warmupSteps, 0);
    Recipe.atLeast("schedule.decay-steps", decaySteps, 0);
    Recipe.notNegative("schedule.min-learning-rate", minLearningRate);
    require(
        decaySteps == 0 || decaySteps > warmupSteps,
        "schedule.decay-steps (%d) must be above schedule.warmup-steps (%d), or 0 for training.max-steps",
        decaySteps,
        warmupSteps);
  }

  /**
   * The rate of one update.
   *
   * @param step from 0
   * @param maxSteps of the run
   * @param learningRate the full rate
   */
  public double learningRate(long step, long maxSteps, double learningRate) {
    if (step < warmupSteps) {
      return learningRate * (step + 1) / (warmupSteps + 1);
    }
    if (kind == Kind.CONSTANT) {
      return learningRate;
    }
    long end = decaySteps == 0 ? maxSteps : decaySteps;
    if (step >= end) {
      return minLearningRate;
    }
    double progress = (double) (step - warmupSteps) / (end - warmupSteps);
    double share = kind == Kind.LINEAR ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress));
    return minLearningRate + (learningRate - minLearningRate) * share;
  }
}
