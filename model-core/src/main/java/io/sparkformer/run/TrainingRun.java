package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import com.sun.management.OperatingSystemMXBean;
import io.sparkformer.collective.Collective;
import io.sparkformer.collective.MicroBatchRange;
import io.sparkformer.collective.PeerFailedException;
import io.sparkformer.datasets.Closing;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.AsyncCheckpointWriter.Part;
import io.sparkformer.train.GradientAllReduce;
import io.sparkformer.train.Optimizer;
import io.sparkformer.train.PrefetchedBatches;
import io.sparkformer.train.ReplicaCheck;
import io.sparkformer.train.Trainer;
import java.io.Closeable;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One rank's run of a recipe over a data set: steps and evaluations, shared with the other ranks;
 * the first rank keeps checkpoints, metrics, the best and the last model.
 */
public final class TrainingRun implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);

  /** How the message of a run whose loss is no number ends. */
  public static final String DIVERGED =
      "lower optimizer.learning-rate, raise schedule.warmup-steps or set optimizer.max-grad-norm;"
          + " checkpoints written before it are kept";

  private final RecipeFile file;
  private final Recipe recipe;
  private final TokenDataset data;
  private final TrainingData samples;
  private final List<String> labels;
  private final Gpt model;
  private final Optimizer optimizer;
  private final Optional<Checkpointer> checkpointer;
  private final RunEvaluations evaluations;
  private final EarlyStopping earlyStopping;
  private final ChanceCheck chance;

  private long step;
  private long firstStep;
  private long keptStep = -1;

  private TrainingRun(
      RecipeFile file, TokenDataset data, Device device, Optional<Checkpointer> checkpointer)
      throws IOException {
    this.file = file;
    this.recipe = file.bind(DataShape.of(data.manifest()));
    this.data = data;
    this.checkpointer = checkpointer;
    recipe.requireFits(
        ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
            .getTotalMemorySize());
    this.labels =
        recipe.model().head().isClassifier() ? data.manifest().labels() : List.<String>of();
    // Data that does not fit must fail before anything starts.
    this.samples = TrainingData.of(recipe, data);
    this.model =
        Gpt.initialized(
            recipe.model(),
            recipe.training().precision(),
            device,
            recipe.training().seed(),
            recipe.training().initialization());
    this.earlyStopping = EarlyStopping.of(recipe.evaluation());
    this.evaluations = new RunEvaluations(model, samples, labels);
    this.chance = new ChanceCheck(recipe, data.manifest());
    try {
      this.optimizer =
          Optimizer.of(model, recipe.optimizer(), Trainer.frozen(recipe, model.weights().keySet()));
    } catch (RuntimeException e) {
      model.close();
      throw e;
    }
  }

  /**
   * The first rank's run, made ready: data checked, model built or restored. Nothing is stored
   * before {@link #train}.
   *
   * @param file the recipe
   * @param data verified and read; stays the caller's
   * @param checkpointer of the output; closed by this
   * @throws io.sparkformer.datasets.InvalidInputException if recipe, data and output do not fit
   *     each other
   */
  public static TrainingRun leading(
      RecipeFile file, TokenDataset data, Device device, Checkpointer checkpointer)
      throws IOException {
    TrainingRun run = new TrainingRun(file, data, device, Optional.of(checkpointer));
    try {
      Optional<RunState> before =
          checkpointer.restore(file, run.state(), data.manifest(), run.model, run.optimizer);
      if (before.isPresent()) {
        run.step = before.get().step();
        run.earlyStopping.restore(before.get().bests());
      } else {
        run.warmStart(checkpointer);
      }
    } catch (IOException | RuntimeException e) {
      run.close();
      throw e;
    }
    LOG.info(
        "{} parameters, {} train and {} valid tokens",
        String.format("%,d", run.model.parameterCount()),
        tokens(data, SplitName.TRAIN),
        tokens(data, SplitName.VALID));
    if (run.samples.valid().isEmpty()) {
      LOG.warn("there is no valid split: best/ is the model with the lowest train loss");
    }
    if (run.samples.truncated() > 0) {
      LOG.warn(
          "{} sequences are longer than model.context-length {} and are cut on the {}",
          run.samples.truncated(),
          run.recipe.model().contextLength(),
          run.recipe.data().truncate().name().toLowerCase(java.util.Locale.ROOT));
    }
    return run;
  }

  private static String tokens(TokenDataset data, SplitName name) {
    boolean any = data.manifest().has(name);
    return String.format("%,d", any ? data.manifest().splits().get(name).tokens() : 0);
  }

  /** Any other rank's run, made ready: it is given weights, moments and step by the first. */
  public static TrainingRun following(RecipeFile file, TokenDataset data, Device device)
      throws IOException {
    return new TrainingRun(file, data, device, Optional.empty());
  }

  private void warmStart(Checkpointer from) throws IOException {
    if (file.initFrom().isPresent()) {
      ModelDirectory source =
          ModelDirectory.open(
              from.directory().fileSystem().getConf(), Storage.path(file.initFrom().get()));
      WarmStart.load(source, model, data.tokenizer(), labels);
    }
  }

  private RunState state() {
    return RunState.of(step, earlyStopping.snapshot(), data.manifest());
  }

  /** Updates done so far. */
  public long step() {
    return step;
  }

  /** What a collective for this run must be able to sum. */
  public Collective.Shape shape() {
    return GradientAllReduce.shape(model, recipe.training().gradAccumSteps());
  }

  /**
   * Trains to the recipe's last step, together with all other ranks.
   *
   * @param collective of this run's {@link #shape}; stays the caller's
   * @throws io.sparkformer.collective.PeerFailedException if another rank is lost, late or fails
   */
  public TrainingResult train(Collective collective) throws IOException {
    firstStep = step;
    try (GradientAllReduce allReduce =
            GradientAllReduce.over(collective, model, recipe.training().gradAccumSteps());
        Trainer trainer = new Trainer(recipe, model, optimizer, allReduce)) {
      ReplicaCheck replicas = new ReplicaCheck(model, allReduce);
      agree(allReduce);
      replicas.requireSame(step);
      if (checkpointer.isPresent()) {
        checkpointer.get().begin(file, recipe.checkpoint().onFailure());
      }
      List<MicroBatchRange> ranges = collective.microBatchRanges();
      try (PrefetchedBatches batches =
          new PrefetchedBatches(
              samples.batches(), ranges.get(0).first(), ranges.get(ranges.size() - 1).end())) {
        return train(allReduce, trainer, replicas, batches);
      }
    } catch (PeerFailedException e) {
      keepAfter(e);
      throw e;
    }
  }

  /**
   * Keeps what was trained of a run that is told to end, or whose other ranks are lost. That shows
   * where ranks wait for each other, in which the model is as the last whole update left it.
   */
  private void keepAfter(PeerFailedException e) {
    try {
      if (step > firstStep && keptStep != step) {
        keep(EnumSet.of(Part.CHECKPOINT));
      }
    } catch (IOException | RuntimeException unkept) {
      LOG.warn("what was trained since the last checkpoint was not kept: {}", Reason.of(unkept));
      e.addSuppressed(unkept);
    }
  }

  /** Gives every rank the first one's weights, moments, step and bests. */
  private void agree(GradientAllReduce allReduce) {
    step = allReduce.gather(step)[0];
    firstStep = step;
    earlyStopping.agree(allReduce);
    optimizer.step(step);
    allReduce.broadcast(model.weightList().arrays());
    for (List<NDArray> moments : optimizer.moments()) {
      allReduce.broadcast(moments);
    }
  }

  private TrainingResult train(
      GradientAllReduce allReduce, Trainer trainer, ReplicaCheck replicas, Trainer.Batches batches)
      throws IOException {
    long started = System.nanoTime();
    if (allReduce.gather(owesEvaluation() ? 1 : 0)[0] > 0) {
      keep(evaluate(allReduce) ? EnumSet.of(Part.BEST) : EnumSet.noneOf(Part.class));
    }
    Recipe.Training training = recipe.training();
    StepClock clock = new StepClock();
    while (step < training.maxSteps() && !earlyStopping.isDue()) {
      clock.start();
      Trainer.Step done = trainer.step(batches, step);
      step++;
      requireFinite(done);
      clock.stop(done);
      if (training.verifyInterval() > 0 && step % training.verifyInterval() == 0) {
        replicas.requireSame(step);
      }
      if (checkpointer.isPresent()) {
        checkpointer.get().check();
      }
      tell(new TrainingEvent.StepDone(step, done));
      if (step == 1 || step % training.logInterval() == 0) {
        record(clock.metric(step, epoch(), done));
      }
      if (training.stepsPerEpoch() > 0 && step % training.stepsPerEpoch() == 0) {
        tell(new TrainingEvent.EpochDone(step / training.stepsPerEpoch(), step));
      }
      afterStep(allReduce);
    }
    finish(allReduce);
    return new TrainingResult(
        step,
        epoch() == null ? 0 : epoch(),
        evaluations.bySplit(),
        recipe.evaluation().monitor().label(),
        earlyStopping.best(),
        step < training.maxSteps(),
        samples.truncated(),
        clock.tokensPerSecond(),
        (System.nanoTime() - started) / 1e9,
        model.parameterCount(),
        firstStep);
  }

  /** Whether the run was ended in the evaluation that was due where it goes on. */
  private boolean owesEvaluation() {
    return step > 0
        && step % recipe.evaluationSteps() == 0
        && checkpointer.isPresent()
        && !checkpointer.get().hasEvaluationOf(step);
  }

  /** Passes over the train split; null, as metrics have it, if there are none. */
  private Double epoch() {
    long stepsPerEpoch = recipe.training().stepsPerEpoch();
    return stepsPerEpoch == 0 ? null : (Double) ((double) step / stepsPerEpoch);
  }

  private void afterStep(GradientAllReduce allReduce) throws IOException {
    Set<Part> due = EnumSet.noneOf(Part.class);
    if (step % recipe.evaluationSteps() == 0 && evaluate(allReduce)) {
      due.add(Part.BEST);
    }
    if (step % recipe.checkpointSteps() == 0) {
      due.add(Part.CHECKPOINT);
    }
    keep(due);
  }

  /** The end of a run is evaluated and kept whatever the intervals. */
  private void finish(GradientAllReduce allReduce) throws IOException {
    Set<Part> due = EnumSet.of(Part.LAST);
    if (!evaluations.areOf(step) && evaluate(allReduce)) {
      due.add(Part.BEST);
    }
    if (step > firstStep && step % recipe.checkpointSteps() != 0) {
      due.add(Part.CHECKPOINT);
    }
    if (checkpointer.isPresent()) {
      tell(new TrainingEvent.Underway(step, "writing the last model"));
      checkpointer.get().await(); // However slow storage is: there is room then.
      keep(due);
      checkpointer.get().await();
      tell(new TrainingEvent.Underway(step, "trying the best model on examples"));
      checkpointer.get().show(data, recipe.data().sampleFormat(), model.manager().getDevice());
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
  private boolean evaluate(GradientAllReduce allReduce) throws IOException {
    evaluations.evaluate(step, allReduce, this::tell);
    for (Map.Entry<SplitName, Evaluation.Result> split : evaluations.bySplit().entrySet()) {
      tell(new TrainingEvent.Evaluated(step, split.getKey(), split.getValue()));
      record(Metric.evaluation(step, epoch(), split.getKey(), split.getValue()));
    }
    if (checkpointer.isPresent()) {
      chance.warning(step, evaluations.train()).ifPresent(LOG::warn);
    }
    return earlyStopping.add(evaluations.monitored());
  }

  private void tell(TrainingEvent event) {
    checkpointer.ifPresent(each -> each.tell(event));
  }

  private void record(Metric metric) throws IOException {
    if (checkpointer.isPresent()) {
      checkpointer.get().record(metric);
    }
  }

  private void keep(Set<Part> due) throws IOException {
    if (checkpointer.isEmpty() || due.isEmpty() || !checkpointer.get().awaitRoom(step, due)) {
      return;
    }
    if (due.contains(Part.BEST)) {
      earlyStopping.keep(evaluations.monitored()); // Not before: it is that of the model in best/.
    }
    Optional<Optimizer> moments =
        due.contains(Part.CHECKPOINT) ? Optional.of(optimizer) : Optional.empty();
    checkpointer.get().keep(state(), snapshot(moments), due);
    keptStep = moments.isPresent() ? step : keptStep;
  }

  private Snapshot snapshot(Optional<Optimizer> moments) {
    Optional<Integer> endOfText = data.tokenizer().endOfText().stream().boxed().findFirst();
    // What ends a language model's documents must not end its prompts.
    boolean appends = recipe.model().head().isClassifier() && data.manifest().endsDocuments();
    TextReading reading =
        TextReading.appending(
            appends ? endOfText : Optional.<Integer>empty(),
            recipe.data().sampleFormat().truncate());
    TextProcessing processing =
        new TextProcessing(Optional.of(data.tokenizer()), endOfText, labels, reading);
    Optional<EvaluationRecord> evaluated =
        evaluations.areOf(step)
            ? Optional.of(evaluations.monitored().record(step, evaluations.monitoredSplit()))
            : Optional.empty();
    return Snapshot.of(model, processing, evaluated, moments);
  }

  @Override
  public void close() throws IOException {
    List<Closeable> all = new ArrayList<>(List.of(optimizer::close, model::close));
    checkpointer.ifPresent(all::add);
    Closing.all(all);
  }
}
