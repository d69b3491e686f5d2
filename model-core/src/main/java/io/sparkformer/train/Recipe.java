package io.sparkformer.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.Precision;

/**
 * All that decides the outcome of a training run, apart from its data. The keys of the YAML form
 * and their defaults are in recipe-defaults.yaml beside this class.
 */
public record Recipe(
    ModelConfig model,
    Training training,
    Optimizer optimizer,
    Schedule schedule,
    Evaluations evaluation,
    Checkpoints checkpoint) {

  /**
   * How long and in which portions.
   *
   * @param maxSteps updates of the weights
   * @param microBatchSize rows of one forward and backward pass
   * @param globalBatchSize rows of one step, a multiple of microBatchSize; 0 stands for one
   *     micro-batch and is replaced by it
   * @param precision of matrix products and activations
   * @param seed of initialization, samples and dropout
   * @param threads of one rank; 0 for the executor's cores
   * @param logInterval steps between two lines of metrics
   * @param verifyInterval steps between two checks that all ranks hold the same weights; 0 for none
   */
  public record Training(
      long maxSteps,
      int microBatchSize,
      int globalBatchSize,
      Precision precision,
      long seed,
      int threads,
      int logInterval,
      int verifyInterval) {

    public Training {
      atLeast("training.max-steps", maxSteps, 1);
      atLeast("training.micro-batch-size", microBatchSize, 1);
      atLeast("training.global-batch-size", globalBatchSize, 0);
      globalBatchSize = globalBatchSize == 0 ? microBatchSize : globalBatchSize;
      require(
          globalBatchSize % microBatchSize == 0,
          "training.global-batch-size (%d) is not a multiple of training.micro-batch-size (%d): change one of them",
          globalBatchSize,
          microBatchSize);
      atLeast("training.threads", threads, 0);
      atLeast("training.log-interval", logInterval, 1);
      atLeast("training.verify-interval", verifyInterval, 0);
    }

    /** Micro-batches of a step, over all ranks. */
    public int gradAccumSteps() {
      return globalBatchSize / microBatchSize;
    }
  }

  /** AdamW's numbers; weight decay applies to matrices only. */
  public record Optimizer(
      double learningRate,
      double beta1,
      double beta2,
      double epsilon,
      double weightDecay,
      double maxGradNorm) {

    public Optimizer {
      notNegative("optimizer.learning-rate", learningRate);
      fraction("optimizer.beta1", beta1);
      fraction("optimizer.beta2", beta2);
      require(epsilon > 0, "optimizer.epsilon is %s: it must be above 0", epsilon);
      notNegative("optimizer.weight-decay", weightDecay);
      notNegative("optimizer.max-grad-norm", maxGradNorm);
    }
  }

  /**
   * When to measure the loss of both splits.
   *
   * @param interval steps between two evaluations; one more is made at the end
   * @param batches micro-batch-sized batches of each split, evenly spaced; 0 for the whole valid
   *     split and as many batches of the train split
   */
  public record Evaluations(int interval, int batches) {
    public Evaluations {
      atLeast("evaluation.interval", interval, 1);
      atLeast("evaluation.batches", batches, 0);
    }
  }

  /**
   * When to save what a resumed run needs.
   *
   * @param interval steps between two checkpoints; one more is made at the end
   * @param keep the newest ones that stay
   * @param onFailure what becomes of a run whose checkpoint cannot be written
   */
  public record Checkpoints(int interval, int keep, OnFailure onFailure) {
    public Checkpoints {
      atLeast("checkpoint.interval", interval, 1);
      atLeast("checkpoint.keep", keep, 1);
    }
  }

  /** What becomes of a run whose checkpoint cannot be written. */
  public enum OnFailure {
    /** It goes on, with a warning; older checkpoints stay. */
    @JsonProperty("continue")
    CONTINUE,
    /** It ends. */
    @JsonProperty("stop")
    STOP
  }

  /** Weights, gradients and two moments in float32. */
  private static final double BYTES_PER_PARAMETER = 16;

  /** Logits, their softmax and its gradient, per token of a micro-batch. */
  private static final double LOGIT_COPIES = 3;

  private static final double GB = 1 << 30;

  /**
   * Refuses a model or a micro-batch that cannot fit, before anything is built.
   *
   * @param memoryBytes what the machine or device has
   * @throws io.sparkformer.datasets.InvalidInputException if the least that it needs is more
   */
  void requireFits(long memoryBytes) {
    double weights = model.parameterCount() * BYTES_PER_PARAMETER;
    require(
        weights <= memoryBytes,
        "the model needs %.1f GB for weights, gradients and moments, there are %.1f GB: lower model.num-layers,"
            + " model.embedding-dim or model.context-length",
        weights / GB,
        memoryBytes / GB);
    double tokens = (double) training.microBatchSize() * model.contextLength();
    double batch =
        tokens
            * (LOGIT_COPIES * model.vocabSize() + (double) model.numLayers() * model.embeddingDim())
            * 4;
    require(
        tokens <= Integer.MAX_VALUE && weights + batch <= memoryBytes,
        "a micro-batch of %.0f tokens needs at least %.1f GB beside the model's %.1f, there are %.1f GB: lower"
            + " training.micro-batch-size or model.context-length",
        tokens,
        batch / GB,
        weights / GB,
        memoryBytes / GB);
  }

  static void atLeast(String key, long value, long least) {
    require(value >= least, "%s is %d: it must be at least %d", key, value, least);
  }

  static void notNegative(String key, double value) {
    require(value >= 0 && Double.isFinite(value), "%s is %s: it must be 0 or more", key, value);
  }

  private static void fraction(String key, double value) {
    require(value >= 0 && value < 1, "%s is %s: it must be at least 0 and below 1", key, value);
  }
}
