package io.sparkformer.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.collective.MicroBatchRange;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.Objective;
import io.sparkformer.recipe.Recipe;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The training step: micro-batches, forward and backward, mean over all ranks, clip, update.
 *
 * <p>Samples and dropout are pure functions of (seed, step, micro-batch): a resumed run goes on as
 * if it had never stopped.
 */
public final class Trainer implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(Trainer.class);

  /** Of a micro-batch: the sum of its losses, what its targets count, its tokens. */
  static final int NUMBERS = 3;

  private final Recipe recipe;
  private final Gpt model;
  private final Optimizer optimizer;
  private final GradientAllReduce allReduce;
  private final Objective objective;
  private final Kernels kernels;

  public Trainer(Recipe recipe, Gpt model, Optimizer optimizer, GradientAllReduce allReduce) {
    this.recipe = recipe;
    this.model = model;
    this.optimizer = optimizer;
    this.allReduce = allReduce;
    this.objective = objective(recipe, model.weights().keySet());
    this.kernels = model.kernels(objective);
  }

  private static Objective objective(Recipe recipe, Set<String> weights) {
    return new Objective(
        recipe.loss().labelSmoothing(), recipe.loss().classWeights(), frozen(recipe, weights));
  }

  /**
   * Names of the weights that a recipe leaves as they are.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if that is all, or a pattern matches none
   */
  public static Set<String> frozen(Recipe recipe, Set<String> weights) {
    Set<String> frozen =
        NamePatterns.matching("training.freeze", recipe.training().freeze(), weights);
    require(
        frozen.size() < weights.size(),
        "training.freeze: %s matches every weight, so there is nothing to train: leave some out",
        String.join(", ", recipe.training().freeze()));
    return frozen;
  }

  /** Of a run of one rank. */
  public static Trainer alone(Recipe recipe, Gpt model, Optimizer optimizer) {
    return new Trainer(
        recipe,
        model,
        optimizer,
        GradientAllReduce.alone(model, recipe.training().gradAccumSteps()));
  }

  /**
   * What a step did.
   *
   * @param loss mean of the objective over the targets of the global batch, before the update
   * @param gradNorm global norm of its gradient, before clipping
   * @param learningRate of the update
   * @param tokens of the global batch, without padding
   */
  public record Step(double loss, double gradNorm, double learningRate, double tokens) {}

  /** A source of micro-batches: number of the step from 0, number within the step. */
  public interface Batches {
    TokenBatch batch(long step, int microBatch);
  }

  /**
   * Trains one step: an update by the mean over all targets of the global batch, in whichever of
   * its micro-batches they are.
   *
   * @param step number of the step, from 0
   * @throws io.sparkformer.collective.PeerFailedException if another rank is lost, late or fails
   */
  public Step step(Batches batches, long step) {
    int microBatches = recipe.training().gradAccumSteps();
    float[] numbers = allReduce.neutral(NUMBERS * microBatches);
    try (NDManager manager = model.manager().newSubManager()) {
      List<NDArray> sums = List.of();
      List<MicroBatchRange> ranges = allReduce.collective().microBatchRanges();
      for (int i = 0; i < ranges.size(); i++) {
        sums = sum(manager, ranges.get(i), batches, step, numbers);
        allReduce.contribute(i, sums);
      }
      numbers = allReduce.total(sums, numbers);
      double loss = 0;
      double weight = 0;
      double tokens = 0;
      for (int i = 0; i < numbers.length; i += NUMBERS) {
        loss += numbers[i];
        weight += numbers[i + 1];
        tokens += numbers[i + 2];
      }
      double learningRate = recipe.learningRate(step);
      if (weight == 0) {
        LOG.warn("step {} has no target that counts: nothing is updated", step + 1);
        return new Step(0, 0, learningRate, tokens);
      }
      double norm = optimizer.update(manager, sums, weight, learningRate);
      return new Step(loss / weight, norm, learningRate, tokens);
    }
  }

  /** Gradients of a node of the tree of micro-batches, attached to the manager. */
  private List<NDArray> sum(
      NDManager manager, MicroBatchRange range, Batches batches, long step, float[] numbers) {
    if (range.isMicroBatch()) {
      allReduce.collective().requireWanted();
      return gradients(manager, batches.batch(step, range.first()), step, range.first(), numbers);
    }
    List<NDArray> sums = sum(manager, range.left(), batches, step, numbers);
    try (NDManager scratch = manager.newSubManager()) {
      kernels.accumulate(scratch, sums, sum(scratch, range.right(), batches, step, numbers));
    }
    return sums;
  }

  private List<NDArray> gradients(
      NDManager manager, TokenBatch batch, long step, int microBatch, float[] numbers) {
    float weight = (float) objective.weightOf(batch);
    numbers[NUMBERS * microBatch + 1] = weight;
    numbers[NUMBERS * microBatch + 2] = batch.tokens();
    if (weight == 0) {
      numbers[NUMBERS * microBatch] = 0;
      return model.weightList().arrays().stream()
          .map(array -> manager.zeros(array.getShape(), DataType.FLOAT32))
          .toList();
    }
    if (recipe.model().dropout() > 0) {
      Kernels.seed(dropoutSeed(recipe.training().seed(), step, microBatch));
    }
    NDList result =
        kernels.gradients(
            manager.create(batch.inputs(), new Shape(batch.rows(), batch.contextLength())),
            manager.create(batch.targets()),
            manager.create(batch.lengths()),
            model.weightList());
    numbers[NUMBERS * microBatch] = result.get(0).toFloatArray()[0];
    return result.subList(1, result.size());
  }

  private static long dropoutSeed(long seed, long step, int microBatch) {
    long ofStep = new SplittableRandom(new SplittableRandom(seed).nextLong() + step).nextLong();
    return new SplittableRandom(ofStep + microBatch).nextLong();
  }

  /** The model and the optimizer stay open. */
  @Override
  public void close() {
    kernels.close();
  }
}
