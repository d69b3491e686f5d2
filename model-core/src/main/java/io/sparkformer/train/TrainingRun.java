package io.sparkformer.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import com.sun.management.OperatingSystemMXBean;
import io.sparkformer.collective.Collective;
import io.sparkformer.collective.Span;
import io.sparkformer.datasets.TokenDataset;
import io.sparkformer.datasets.TokenStream;
import io.sparkformer.datasets.sample.SequentialWindows;
import io.sparkformer.model.Gpt;
import io.sparkformer.train.RunWriter.Part;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One rank's run of a recipe over a data set: steps and evaluations, shared with the other ranks;
 * the first rank keeps checkpoints, metrics, the best and the last model.
 */
public final class TrainingRun implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);

  private static final String DIVERGED =
      "lower optimizer.learning-rate, raise schedule.warmup-steps or set optimizer.max-grad-norm;"
          + " checkpoints written before it are kept";

  private final RecipeFile file;
  private final Recipe recipe;
  private final TokenDataset data;
  private final Gpt model;
  private final AdamW optimizer;
  private final TokenStream train;
  private final SequentialWindows validWindows;
  private final SequentialWindows trainWindows;
  private final Optional<RunKeeper> keeper;

  private long step;
  private double bestValidLoss = Double.POSITIVE_INFINITY;
  private double lastTrainLoss;
  private double lastValidLoss;
  private long evaluatedStep = -1;

  /**
   * What a run came to.
   *
   * @param steps updates done in all
   * @param trainLoss of the last model, over as many batches as the valid loss
   * @param validLoss of the last model
   * @param bestValidLoss of the model in best/
   * @param tokensPerSecond trained, over this run's steps without evaluations and checkpoints
   * @param seconds of this run
   * @param parameters of the model
   * @param resumedFrom the step that this run went on from, 0 for a new one
   */
  public record Summary(
      long steps,
      double trainLoss,
      double validLoss,
      double bestValidLoss,
      double tokensPerSecond,
      double seconds,
      long parameters,
      long resumedFrom)
      implements java.io.Serializable {}

  private TrainingRun(RecipeFile file, TokenDataset data, Device device, Optional<RunKeeper> keeper)
      throws IOException {
    this.file = file;
    this.recipe = file.bind(data.manifest().vocabSize());
    this.data = data;
    this.keeper = keeper;
    recipe.requireFits(
        ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getTotalMemorySize());
    this.train = data.split("train");
    int rows = recipe.training().microBatchSize();
    int contextLength = recipe.model().contextLength();
    Trainer.sampled(recipe, train); // a stream that is too short must fail before anything starts
    SequentialWindows valid = SequentialWindows.over(data.split("valid"), rows, contextLength);
    int batches = recipe.evaluation().batches();
    this.validWindows = batches == 0 ? valid : valid.evenlySpaced(batches);
    this.trainWindows =
        SequentialWindows.over(train, rows, contextLength).evenlySpaced(validWindows.batches());
    this.model =
        Gpt.initialized(
            recipe.model(), recipe.training().precision(), device, recipe.training().seed());
    this.optimizer = AdamW.of(model, recipe.optimizer());
  }

  /**
   * The first rank's run, made ready: data checked, model built or restored. Nothing is stored
   * before {@link #train}.
   *
   * @param file the recipe
   * @param data verified and read; stays the caller's
   * @param keeper of the output; closed by this
   * @throws io.sparkformer.datasets.InvalidInputException if recipe, data and output do not fit
   *     each other
   */
  public static TrainingRun leading(
      RecipeFile file, TokenDataset data, Device device, RunKeeper keeper) throws IOException {
    TrainingRun run = new TrainingRun(file, data, device, Optional.of(keeper));
    try {
      Optional<RunState> before =
          keeper.restore(
              file, run.recipe.checkpoint().keep(), run.state(), run.model, run.optimizer);
      run.step = before.map(RunState::step).orElse(0L);
      run.bestValidLoss = before.map(RunState::bestValidLoss).orElse(run.bestValidLoss);
    } catch (IOException | RuntimeException e) {
      run.close();
      throw e;
    }
    LOG.info(
        "{} parameters, {} train and {} valid tokens",
        String.format("%,d", run.model.parameterCount()),
        String.format("%,d", run.train.length()),
        String.format("%,d", data.split("valid").length()));
    return run;
  }

  /** Any other rank's run, made ready: it is given weights, moments and step by the first. */
  public static TrainingRun following(RecipeFile file, TokenDataset data, Device device)
      throws IOException {
    return new TrainingRun(file, data, device, Optional.empty());
  }

  private RunState state() {
    return RunState.of(step, bestValidLoss, recipe, data.manifest());
  }

  /** Updates done so far. */
  public long step() {
    return step;
  }

  /** What a collective for this run must be able to sum. */
  public Collective.Shape shape(int worldSize) {
    return ModelExchange.shape(model, recipe.training().gradAccumSteps(), worldSize);
  }

  /**
   * Trains to the recipe's last step, together with all other ranks.
   *
   * @param collective of this run's {@link #shape}; stays the caller's
   * @throws io.sparkformer.collective.PeerFailedException if another rank is lost, late or fails
   */
  public Summary train(Collective collective) throws IOException {
    try (ModelExchange exchange =
        ModelExchange.over(collective, model, recipe.training().gradAccumSteps())) {
      ReplicaCheck replicas = new ReplicaCheck(model, exchange);
      agree(exchange);
      replicas.requireSame(step);
      if (keeper.isPresent()) {
        keeper.get().begin(file, recipe.checkpoint().onFailure());
      }
      List<Span> spans = collective.spans();
      try (PrefetchedBatches batches =
          new PrefetchedBatches(
              Trainer.sampled(recipe, train),
              spans.get(0).first(),
              spans.get(spans.size() - 1).end())) {
        return train(exchange, replicas, batches);
      }
    }
  }

  /** Gives every rank the first one's weights, moments and step. */
  private void agree(ModelExchange exchange) {
    step = exchange.gather(step)[0];
    optimizer.step(step);
    exchange.broadcast(model.weightList().arrays());
    for (List<NDArray> moments : optimizer.moments()) {
      exchange.broadcast(moments);
    }
  }

  private Summary train(ModelExchange exchange, ReplicaCheck replicas, Trainer.Batches batches)
      throws IOException {
    long started = System.nanoTime();
    long firstStep = step;
    Recipe.Training training = recipe.training();
    Trainer trainer = new Trainer(recipe, model, optimizer, exchange);
    StepClock clock =
        new StepClock((long) training.globalBatchSize() * recipe.model().contextLength());
    while (step < training.maxSteps()) {
      clock.start();
      Trainer.Step done = trainer.step(batches, step);
      step++;
      requireFinite(done);
      clock.stop(done.loss());
      if (training.verifyInterval() > 0 && step % training.verifyInterval() == 0) {
        replicas.requireSame(step);
      }
      if (keeper.isPresent()) {
        keeper.get().check();
      }
      if (step == 1 || step % training.logInterval() == 0) {
        record(clock.metric(step, done));
      }
      afterStep(exchange);
    }
    finish(exchange, firstStep);
    return new Summary(
        step,
        lastTrainLoss,
        lastValidLoss,
        bestValidLoss,
        clock.tokensPerSecond(),
        (System.nanoTime() - started) / 1e9,
        model.parameterCount(),
        firstStep);
  }

  private void afterStep(ModelExchange exchange) throws IOException {
    Set<Part> due = EnumSet.noneOf(Part.class);
    if (step % recipe.evaluation().interval() == 0 && evaluate(exchange)) {
      due.add(Part.BEST);
    }
    if (step % recipe.checkpoint().interval() == 0) {
      due.add(Part.CHECKPOINT);
    }
    keep(due);
  }

  /** The end of a run is evaluated and kept whatever the intervals. */
  private void finish(ModelExchange exchange, long firstStep) throws IOException {
    Set<Part> due = EnumSet.of(Part.LAST);
    if (evaluatedStep != step && evaluate(exchange)) {
      due.add(Part.BEST);
    }
    if (step > firstStep && step % recipe.checkpoint().interval() != 0) {
      due.add(Part.CHECKPOINT);
    }
    if (keeper.isPresent()) {
      keeper.get().await(); // However slow storage is: there is room then.
      keep(due);
      keeper.get().await();
    }
  }

  private void requireFinite(Trainer.Step done) {
    require(
        Double.isFinite(done.loss()) && Double.isFinite(done.gradNorm()),
        "the loss is %s and the gradient norm %s at step %d: " + DIVERGED,
        done.loss(),
        done.gradNorm(),
        step);
  }

  /** Whether the model is the best so far. */
  private boolean evaluate(ModelExchange exchange) throws IOException {
    lastTrainLoss = Evaluation.shared(model, trainWindows, exchange).loss();
    lastValidLoss = Evaluation.shared(model, validWindows, exchange).loss();
    // An update shows in the loss of the next step, and the last one has no next step.
    require(
        Double.isFinite(lastTrainLoss) && Double.isFinite(lastValidLoss),
        "the loss of the train split is %s and of the valid split %s at step %d: " + DIVERGED,
        lastTrainLoss,
        lastValidLoss,
        step);
    evaluatedStep = step;
    record(Metric.evaluation(step, "train", lastTrainLoss));
    record(Metric.evaluation(step, "valid", lastValidLoss));
    return lastValidLoss < bestValidLoss;
  }

  private void record(Metric metric) throws IOException {
    if (keeper.isPresent()) {
      keeper.get().record(metric);
    }
  }

  private void keep(Set<Part> due) throws IOException {
    if (keeper.isEmpty() || due.isEmpty() || !keeper.get().awaitRoom(step, due)) {
      return;
    }
    if (due.contains(Part.BEST)) {
      bestValidLoss = lastValidLoss; // Not before: it is that of the model in best/.
    }
    Optional<AdamW> moments =
        due.contains(Part.CHECKPOINT) ? Optional.of(optimizer) : Optional.empty();
    keeper.get().keep(state(), Snapshot.of(model, data.tokenizer(), moments), due);
  }

  @Override
  public void close() throws IOException {
    optimizer.close();
    model.close();
    if (keeper.isPresent()) {
      keeper.get().close();
    }
  }
}
