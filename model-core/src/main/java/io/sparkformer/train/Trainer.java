package io.sparkformer.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.datasets.TokenStream;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.sample.WindowSampler;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * The training step: micro-batches, forward and backward, mean over all ranks, clip, AdamW.
 *
 * <p>Samples and dropout are pure functions of (seed, step, micro-batch): a resumed run goes on as
 * if it had never stopped.
 */
public final class Trainer {

  private final Recipe recipe;
  private final Gpt model;
  private final AdamW optimizer;
  private final Collective collective;

  public Trainer(Recipe recipe, Gpt model, AdamW optimizer, Collective collective) {
    this.recipe = recipe;
    this.model = model;
    this.optimizer = optimizer;
    this.collective = collective;
  }

  /**
   * What a step did.
   *
   * @param loss mean cross entropy of the global batch, in nats, before the update
   * @param gradNorm global norm of its gradient, before clipping
   * @param learningRate of the update
   */
  public record Step(double loss, double gradNorm, double learningRate) {}

  /** A source of micro-batches: number of the step from 0, number within the step. */
  public interface Batches {
    TokenBatch batch(long step, int microBatch);
  }

  /** Random windows of a stream. */
  public static Batches sampled(Recipe recipe, TokenStream stream) {
    WindowSampler sampler =
        WindowSampler.over(stream, recipe.model().contextLength(), recipe.training().seed());
    int rows = recipe.training().microBatchSize();
    return (step, microBatch) -> TokenBatch.sampled(stream, sampler, step, microBatch, rows);
  }

  /**
   * Trains one step.
   *
   * @param step number of the step, from 0
   */
  public Step step(Batches batches, long step) {
    int microBatches = recipe.training().gradAccumSteps();
    try (NDManager manager = model.manager().newSubManager()) {
      List<NDArray> sums = new ArrayList<>();
      double loss = 0;
      int end = collective.endMicroBatch(microBatches);
      for (int m = collective.firstMicroBatch(microBatches); m < end; m++) {
        loss += accumulate(manager, sums, batches.batch(step, m), step, m);
      }
      double meanLoss = collective.sum(sums, loss) / microBatches;
      double learningRate =
          recipe
              .schedule()
              .learningRate(step, recipe.training().maxSteps(), recipe.optimizer().learningRate());
      double norm = optimizer.update(manager, sums, microBatches, learningRate);
      return new Step(meanLoss, norm, learningRate);
    }
  }

  private double accumulate(
      NDManager manager, List<NDArray> sums, TokenBatch batch, long step, int microBatch) {
    if (recipe.model().dropout() > 0) {
      Kernels.seed(dropoutSeed(recipe.training().seed(), step, microBatch));
    }
    // Inputs and all but the first gradients go as soon as they are added.
    NDManager scratch = sums.isEmpty() ? manager : manager.newSubManager();
    Shape shape = new Shape(batch.rows(), batch.contextLength());
    NDList result =
        model
            .kernels()
            .gradients(
                scratch.create(batch.inputs(), shape),
                scratch.create(batch.targets(), shape),
                model.weightList());
    float loss = result.get(0).toFloatArray()[0];
    List<NDArray> gradients = result.subList(1, result.size());
    if (sums.isEmpty()) {
      sums.addAll(gradients);
    } else {
      model.kernels().accumulate(scratch, sums, gradients);
      scratch.close();
    }
    return loss;
  }

  private static long dropoutSeed(long seed, long step, int microBatch) {
    long ofStep = new SplittableRandom(new SplittableRandom(seed).nextLong() + step).nextLong();
    return new SplittableRandom(ofStep + microBatch).nextLong();
  }
}
