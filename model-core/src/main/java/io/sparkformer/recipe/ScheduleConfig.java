package io.sparkformer.recipe;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * The learning rate over the steps: linear warm-up, then constant, linear or cosine decay
 * (Loshchilov and Hutter 2017, arXiv:1608.03983) to a minimum.
 *
 * @param kind the form after warm-up
 * @param per whether the rate changes with every step, or at the beginning of an epoch
 * @param warmupSteps step i of them has (i + 1) / (warmupSteps + 1) of the full rate
 * @param decaySteps the step at which the minimum is reached; 0 for the run's last
 * @param decayEpochs the same in epochs; 0 if decaySteps counts
 * @param minLearningRate where decay ends
 */
public record ScheduleConfig(
    Kind kind,
    IntervalUnit per,
    long warmupSteps,
    long decaySteps,
    long decayEpochs,
    double minLearningRate) {

  /** The form after warm-up. */
  public enum Kind {
    @JsonProperty("constant")
    CONSTANT,
    @JsonProperty("linear")
    LINEAR,
    /** From the minimum on, the minimum. */
    @JsonProperty("cosine")
    COSINE,
    /** PyTorch's CosineAnnealingLR: from the minimum on it rises again, as the cosine does. */
    @JsonProperty("cosine-annealing")
    COSINE_ANNEALING
  }

  public ScheduleConfig {
    Recipe.atLeast("schedule.warmup-steps", warmupSteps, 0);
    Recipe.atLeast("schedule.decay-steps", decaySteps, 0);
    Recipe.atLeast("schedule.decay-epochs", decayEpochs, 0);
    require(
        decaySteps == 0 || decayEpochs == 0,
        "schedule.decay-steps (%d) and schedule.decay-epochs (%d) exclude each other: set one to 0",
        decaySteps,
        decayEpochs);
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
   * @param stepsPerEpoch of the run; 0 if it has no epochs
   * @param learningRate the full rate
   */
  public double learningRate(long step, long maxSteps, long stepsPerEpoch, double learningRate) {
    long at = per == IntervalUnit.EPOCH ? step / stepsPerEpoch * stepsPerEpoch : step;
    if (at < warmupSteps) {
      return learningRate * (at + 1) / (warmupSteps + 1);
    }
    if (kind == Kind.CONSTANT) {
      return learningRate;
    }
    long given = decayEpochs > 0 ? decayEpochs * stepsPerEpoch : decaySteps;
    long end = given == 0 ? maxSteps : given;
    if (at >= end && kind != Kind.COSINE_ANNEALING) {
      return minLearningRate;
    }
    double progress = (double) (at - warmupSteps) / Math.max(1, end - warmupSteps);
    double share = kind == Kind.LINEAR ? 1 - progress : 0.5 * (1 + Math.cos(Math.PI * progress));
    return minLearningRate + (learningRate - minLearningRate) * share;
  }

  /** Refuses a decay in epochs that ends before the warm-up in steps does. */
  void requireFits(long stepsPerEpoch) {
    require(
        decayEpochs == 0 || decayEpochs * stepsPerEpoch > warmupSteps,
        "schedule.decay-epochs (%d) of %d steps must be above schedule.warmup-steps (%d): lower warmup-steps",
        decayEpochs,
        stepsPerEpoch,
        warmupSteps);
  }
}
