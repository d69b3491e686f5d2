package io.sparkformer.train;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.collective.Span;
import io.sparkformer.datasets.TokenStream;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.sample.WindowSampler;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
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
  private final ModelExchange exchange;

  public Trainer(Recipe recipe, Gpt model, AdamW optimizer, ModelExchange exchange) {
    this.recipe = recipe;
    this.model = model;
    this.optimizer = optimizer;
    this.exchange = exchange;
  }

  /** Of a run of one rank. */
  public static Trainer alone(Recipe recipe, Gpt model, AdamW optimizer) {
    return new Trainer(
        recipe, model, optimizer, ModelExchange.alone(model, recipe.training().gradAccumSteps()));
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
   * @throws io.sparkformer.collective.PeerFailedException if another rank is lost, late or fails
   */
  public Step step(Batches batches, long step) {
    int microBatches = recipe.training().gradAccumSteps();
    float[] losses = exchange.neutral(microBatches);
    try (NDManager manager = model.manager().newSubManager()) {
      List<NDArray> sums = List.of();
      List<Span> spans = exchange.collective().spans();
      for (int i = 0; i < spans.size(); i++) {
        sums = sum(manager, spans.get(i), batches, step, losses);
        exchange.contribute(i, sums);
      }
      double loss = 0;
      for (float ofMicroBatch : exchange.total(sums, losses)) {
        loss += ofMicroBatch;
      }
      double learningRate =
          recipe
              .schedule()
              .learningRate(step, recipe.training().maxSteps(), recipe.optimizer().learningRate());
      double norm = optimizer.update(manager, sums, microBatches, learningRate);
      return new Step(loss / microBatches, norm, learningRate);
    }
  }

  /** Gradients of a node of the tree of micro-batches, attached to the manager. */
  private List<NDArray> sum(
      NDManager manager, Span span, Batches batches, long step, float[] losses) {
    if (span.isMicroBatch()) {
      exchange.collective().requireWanted();
      NDList result = gradients(manager, batches.batch(step, span.first()), step, span.first());
      losses[span.first()] = result.get(0).toFloatArray()[0];
      return result.subList(1, result.size());
    }
    List<NDArray> sums = sum(manager, span.left(), batches, step, losses);
    try (NDManager scratch = manager.newSubManager()) {
      model.kernels().accumulate(scratch, sums, sum(scratch, span.right(), batches, step, losses));
    }
    return sums;
  }

  private NDList gradients(NDManager manager, TokenBatch batch, long step, int microBatch) {
    if (recipe.model().dropout() > 0) {
      Kernels.seed(dropoutSeed(recipe.training().seed(), step, microBatch));
    }
    Shape shape = new Shape(batch.rows(), batch.contextLength());
    return model
        .kernels()
        .gradients(
            manager.create(batch.inputs(), shape),
            manager.create(batch.targets(), shape),
            model.weightList());
  }

  private static long dropoutSeed(long seed, long step, int microBatch) {
    long ofStep = new SplittableRandom(new SplittableRandom(seed).nextLong() + step).nextLong();
    return new SplittableRandom(ofStep + microBatch).nextLong();
  }
}
