package io.sparkformer.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import com.sun.management.OperatingSystemMXBean;
import io.sparkformer.datasets.Storage;
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
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One rank's run of a recipe over a data set: steps, evaluations, checkpoints, metrics, the best
 * and the last model.
 */
public final class TrainingRun implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);

  private static final String DIVERGED =
      "lower optimizer.learning-rate, raise schedule.warmup-steps or set optimizer.max-grad-norm;"
          + " checkpoints written before it are kept";

  private final Recipe recipe;
  private final TokenDataset data;
  private final RunDirectory directory;
  private final Gpt model;
  private final AdamW optimizer;
  private final Collective collective;
  private final TokenStream train;
  private final SequentialWindows validWindows;
  private final SequentialWindows trainWindows;
  private final CheckpointStore checkpoints;
  private final Consumer<Metric> listener;

  private RunWriter writer;
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

  private TrainingRun(
      Recipe recipe,
      TokenDataset data,
      RunDirectory directory,
      Collective collective,
      Device device,
      Consumer<Metric> listener)
      throws IOException {
    this.recipe = recipe;
    this.data = data;
    this.directory = directory;
    this.collective = collective;
    this.listener = listener;
    recipe.requireFits(
        ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getTotalMemorySize());
    this.checkpoints = new CheckpointStore(directory, recipe.checkpoint().keep());
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
   * Makes everything ready for the first step: data checked, model built or restored, output made.
   *
   * @param file the recipe
   * @param data verified and read; stays the caller's
   * @param directory the output
   * @param mode what to do about an output that is there
   * @param listener told every metric as it is measured
   * @throws io.sparkformer.datasets.InvalidInputException if recipe, data and output do not fit
   *     each other; the output is then as it was
   */
  public static TrainingRun open(
      RecipeFile file,
      TokenDataset data,
      RunDirectory directory,
      RunDirectory.Mode mode,
      Collective collective,
      Device device,
      Consumer<Metric> listener)
      throws IOException {
    Recipe recipe = file.bind(data.manifest().vocabSize());
    directory.check(mode);
    TrainingRun run = new TrainingRun(recipe, data, directory, collective, device, listener);
    try {
      List<Metric> earlier = List.of();
      if (mode == RunDirectory.Mode.RESUME) {
        earlier = run.restore();
        directory.deleteStale();
        directory.writeRecipe(file.yaml());
      } else {
        directory.create(file.yaml());
      }
      run.writer =
          new RunWriter(
              directory,
              run.checkpoints,
              MetricsLog.create(directory.fileSystem(), directory.path(), earlier),
              recipe.checkpoint().onFailure(),
              RunWriter.PATIENCE);
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

  private List<Metric> restore() throws IOException {
    CheckpointStore.Found found = checkpoints.newest().orElseThrow(checkpoints::nothingToResume);
    RunState before = found.state();
    before.requireContinuedBy(state(), directory.path());
    checkpoints.load(found, model, optimizer);
    step = before.step();
    bestValidLoss = before.bestValidLoss();
    LOG.info("resuming from {}", Storage.shown(found.path()));
    return found.metrics();
  }

  private RunState state() {
    return RunState.of(step, bestValidLoss, recipe, data.manifest());
  }

  /** Trains to the recipe's last step. */
  public Summary train() throws IOException {
    long started = System.nanoTime();
    long firstStep = step;
    long maxSteps = recipe.training().maxSteps();
    long tokensPerStep =
        (long) recipe.training().globalBatchSize() * recipe.model().contextLength();
    Trainer trainer = new Trainer(recipe, model, optimizer, collective);
    Trainer.Batches batches = Trainer.sampled(recipe, train);
    StepClock clock = new StepClock(tokensPerStep);
    while (step < maxSteps) {
      clock.start();
      Trainer.Step done = trainer.step(batches, step);
      step++;
      requireFinite(done);
      clock.stop(done.loss());
      writer.check();
      if (step == 1 || step % recipe.training().logInterval() == 0) {
        record(clock.metric(step, done));
      }
      Set<Part> due = EnumSet.noneOf(Part.class);
      if (step % recipe.evaluation().interval() == 0 && evaluate()) {
        due.add(Part.BEST);
      }
      if (step % recipe.checkpoint().interval() == 0) {
        due.add(Part.CHECKPOINT);
      }
      keep(due);
    }
    finish(firstStep);
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

  /** The end of a run is evaluated and kept whatever the intervals. */
  private void finish(long firstStep) throws IOException {
    writer.await(); // However slow storage is: there is room then.
    Set<Part> due = EnumSet.of(Part.LAST);
    if (evaluatedStep != step && evaluate()) {
      due.add(Part.BEST);
    }
    if (step > firstStep && step % recipe.checkpoint().interval() != 0) {
      due.add(Part.CHECKPOINT);
    }
    keep(due);
    writer.await();
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
  private boolean evaluate() throws IOException {
    lastTrainLoss = Evaluation.of(model, trainWindows, done -> {}).loss();
    lastValidLoss = Evaluation.of(model, validWindows, done -> {}).loss();
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
    writer.append(metric);
    listener.accept(metric);
  }

  private void keep(Set<Part> due) throws IOException {
    if (due.isEmpty() || !writer.awaitRoom(step, due)) {
      return;
    }
    if (due.contains(Part.BEST)) {
      bestValidLoss = lastValidLoss; // Not before: it is that of the model in best/.
    }
    Optional<AdamW> moments =
        due.contains(Part.CHECKPOINT) ? Optional.of(optimizer) : Optional.empty();
    writer.save(state(), Snapshot.of(model, data.tokenizer(), moments), due);
  }

  @Override
  public void close() throws IOException {
    optimizer.close();
    model.close();
    if (writer != null) {
      writer.close();
    }
  }
}
