package io.sparkformer.recipe;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sparkformer.datasets.sample.EpochOrder;
import io.sparkformer.model.Initialization;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.Precision;
import java.util.List;

/**
 * All that decides the outcome of a training run, apart from its data. The keys of the YAML form
 * and their defaults are in recipe-defaults.yaml beside this class.
 */
public record Recipe(
    ModelConfig model,
    DataConfig data,
    Training training,
    Loss loss,
    OptimizerConfig optimizer,
    ScheduleConfig schedule,
    EvaluationConfig evaluation,
    Checkpoints checkpoint) {

  /**
   * How long and in which portions.
   *
   * @param maxSteps updates of the weights; replaced if maxEpochs counts
   * @param maxEpochs passes over the train split; 0 if maxSteps counts
   * @param stepsPerEpoch follows from the data; 0 if there are no epochs
   * @param microBatchSize rows of one forward and backward pass
   * @param globalBatchSize rows of one step, a multiple of microBatchSize; 0 stands for one
   *     micro-batch and is replaced by it
   * @param precision of matrix products and activations
   * @param seed of initialization, samples and dropout
   * @param threads of one rank; 0 for the executor's cores
   * @param initialization of new weights
   * @param initFrom a model directory whose weights to start from; empty for none
   * @param freeze patterns of the names of weights that stay as they are
   * @param logInterval steps between two lines of metrics
   * @param verifyInterval steps between two checks that all ranks hold the same weights; 0 for none
   */
  public record Training(
      long maxSteps,
      int maxEpochs,
      long stepsPerEpoch,
      int microBatchSize,
      int globalBatchSize,
      Precision precision,
      long seed,
      int threads,
      Initialization initialization,
      String initFrom,
      List<String> freeze,
      int logInterval,
      int verifyInterval) {

    public Training {
      atLeast("training.max-steps", maxSteps, 1);
      atLeast("training.max-epochs", maxEpochs, 0);
      freeze = List.copyOf(freeze);
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

    private Training over(long epochSteps) {
      return new Training(
          maxEpochs > 0 ? Math.multiplyExact(maxEpochs, epochSteps) : maxSteps,
          maxEpochs,
          epochSteps,
          microBatchSize,
          globalBatchSize,
          precision,
          seed,
          threads,
          initialization,
          initFrom,
          freeze,
          logInterval,
          verifyInterval);
    }
  }

  /**
   * Cross entropy's options.
   *
   * @param labelSmoothing share of a target's probability that all classes share
   * @param classWeights how much a target of each class counts; empty if all count the same
   */
  public record Loss(double labelSmoothing, List<Double> classWeights) {
    public Loss {
      fraction("loss.label-smoothing", labelSmoothing);
      classWeights = List.copyOf(classWeights);
      classWeights.forEach(weight -> notNegative("loss.class-weights", weight));
    }
  }

  /**
   * When to save what a resumed run needs.
   *
   * @param interval between two checkpoints; one more is made at the end
   * @param per what it counts
   * @param keep the newest ones that stay
   * @param onFailure what becomes of a run whose checkpoint cannot be written
   */
  public record Checkpoints(int interval, IntervalUnit per, int keep, OnFailure onFailure) {
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

  public Recipe {
    require(
        data.order() == DataConfig.Order.EPOCHS
            || (training.maxEpochs() == 0
                && schedule.per() == IntervalUnit.STEP
                && schedule.decayEpochs() == 0
                && evaluation.per() == IntervalUnit.STEP
                && checkpoint.per() == IntervalUnit.STEP),
        "the recipe counts epochs, but data.order is random, which has none: set data.order=epochs");
    require(
        loss.classWeights().isEmpty() || loss.classWeights().size() == model.numClasses(),
        "loss.class-weights has %d numbers, but there are %d classes: give one for each",
        loss.classWeights().size(),
        model.numClasses());
    require(
        model.head().isClassifier() || !evaluation.monitor().ofClasses(),
        "evaluation.monitor is %s, which a language model does not have: set it to loss or accuracy",
        evaluation.monitor().label());
  }

  /** The same with what follows from the number of samples. */
  Recipe over(DataShape shape) {
    if (data.order() == DataConfig.Order.RANDOM) {
      return this;
    }
    long samples =
        data.sampleFormat().readsWindows(model)
            ? (shape.trainTokens() - 1) / model.contextLength()
            : shape.trainSequences();
    long epochSteps =
        samples < 1 // Which is refused, with its reason, where the data is opened.
            ? 1
            : EpochOrder.stepsPerEpoch(samples, training.globalBatchSize(), data.remainder());
    schedule.requireFits(epochSteps);
    return new Recipe(
        model, data, training.over(epochSteps), loss, optimizer, schedule, evaluation, checkpoint);
  }

  /** The rate of an update, counted from 0. */
  public double learningRate(long step) {
    return schedule.learningRate(
        step, training.maxSteps(), training.stepsPerEpoch(), optimizer.learningRate());
  }

  /** Steps between two evaluations. */
  public long evaluationSteps() {
    return evaluation.per().steps(evaluation.interval(), training.stepsPerEpoch());
  }

  /** Steps between two checkpoints. */
  public long checkpointSteps() {
    return checkpoint.per().steps(checkpoint.interval(), training.stepsPerEpoch());
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
  public void requireFits(long memoryBytes) {
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
            * (LOGIT_COPIES * model.numClasses()
                + (double) model.numLayers() * model.embeddingDim())
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

  static void fraction(String key, double value) {
    require(value >= 0 && value < 1, "%s is %s: it must be at least 0 and below 1", key, value);
  }
}
