package io.sparkformer.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import io.sparkformer.datasets.DatasetManifest;
import io.sparkformer.datasets.TokenDataset;
import io.sparkformer.datasets.TokenStream;
import io.sparkformer.datasets.sample.SequentialWindows;
import io.sparkformer.datasets.shard.ShardFile;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import org.apache.hadoop.conf.Configuration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One rank's run of a recipe over a data set: steps, evaluations, checkpoints, metrics, the best
 * and the last model.
 */
public final class TrainingRun implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainingRun.class);

  private final Configuration configuration;
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

  private MetricsLog metrics;
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
   * @param bestValidLoss of all evaluations
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
      Configuration configuration,
      Recipe recipe,
      TokenDataset data,
      RunDirectory directory,
      Collective collective,
      Device device,
      Consumer<Metric> listener)
      throws IOException {
    this.configuration = configuration;
    this.recipe = recipe;
    this.data = data;
    this.directory = directory;
    this.collective = collective;
    this.listener = listener;
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
   * @param listener told every metric as it is written
   * @throws io.sparkformer.datasets.InvalidInputException if recipe, data and output do not fit
   *     each other; the output is then as it was
   */
  public static TrainingRun open(
      Configuration configuration,
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
    TrainingRun run =
        new TrainingRun(configuration, recipe, data, directory, collective, device, listener);
    try {
      List<Metric> earlier = List.of();
      if (mode == RunDirectory.Mode.RESUME) {
        earlier = run.restore();
        directory.writeRecipe(file.yaml());
      } else {
        directory.create(file.yaml());
      }
      run.metrics = MetricsLog.create(directory.fileSystem(), directory.path(), earlier);
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
    CheckpointStore.Found found = checkpoints.newest();
    CheckpointStore.State before = found.state();
    CheckpointStore.State now = state();
    same("the data set", before.dataFingerprint(), now.dataFingerprint());
    same("the recipe's model", before.model(), now.model());
    same("training.seed", before.seed(), now.seed());
    same("training.global-batch-size", before.globalBatchSize(), now.globalBatchSize());
    same("training.micro-batch-size", before.microBatchSize(), now.microBatchSize());
    checkpoints.load(found, model, optimizer);
    step = before.step();
    bestValidLoss = before.bestValidLoss();
    LOG.info("resuming from {}", found.path());
    return found.metrics();
  }

  private void same(String what, Object before, Object now) {
    require(
        before.equals(now),
        "cannot resume %s: %s was %s and is %s: use what the run was started with, or start another --output",
        directory.path(),
        what,
        before,
        now);
  }

  private CheckpointStore.State state() {
    Recipe.Training training = recipe.training();
    return new CheckpointStore.State(
        step,
        bestValidLoss,
        fingerprint(data.manifest()),
        recipe.model(),
        training.seed(),
        training.globalBatchSize(),
        training.microBatchSize());
  }

  private static String fingerprint(DatasetManifest manifest) {
    MessageDigest digest = CheckpointStore.sha256();
    digest.update(manifest.tokenizer().fingerprint().getBytes(StandardCharsets.US_ASCII));
    for (ShardFile file : manifest.splits().get("train").files()) {
      digest.update(file.sha256().getBytes(StandardCharsets.US_ASCII));
    }
    return HexFormat.of().formatHex(digest.digest());
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
      if (step == 1 || step % recipe.training().logInterval() == 0) {
        record(clock.metric(step, done));
      }
      if (step % recipe.evaluation().interval() == 0) {
        evaluate();
      }
      if (step % recipe.checkpoint().interval() == 0) {
        checkpoint();
      }
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
    if (evaluatedStep != step) {
      evaluate();
    }
    if (step > firstStep && step % recipe.checkpoint().interval() != 0) {
      checkpoint();
    }
    directory.replace(directory.last(), this::save);
  }

  private void requireFinite(Trainer.Step done) {
    require(
        Double.isFinite(done.loss()) && Double.isFinite(done.gradNorm()),
        "the loss is %s and the gradient norm %s at step %d: lower optimizer.learning-rate, raise schedule.warmup-steps"
            + " or set optimizer.max-grad-norm; the checkpoints before it are kept",
        done.loss(),
        done.gradNorm(),
        step);
  }

  private void evaluate() throws IOException {
    lastTrainLoss = Evaluation.of(model, trainWindows, done -> {}).loss();
    lastValidLoss = Evaluation.of(model, validWindows, done -> {}).loss();
    evaluatedStep = step;
    record(Metric.evaluation(step, "train", lastTrainLoss));
    record(Metric.evaluation(step, "valid", lastValidLoss));
    if (lastValidLoss < bestValidLoss) {
      bestValidLoss = lastValidLoss;
      directory.replace(directory.best(), this::save);
    }
  }

  private void record(Metric metric) throws IOException {
    metrics.append(metric);
    listener.accept(metric);
  }

  private void checkpoint() throws IOException {
    checkpoints.write(state(), this::save, optimizer, metrics);
  }

  private void save(org.apache.hadoop.fs.Path path) throws IOException {
    ModelDirectory.at(configuration, path)
        .save(model, Optional.of(data.tokenizer()), Optional.empty());
  }

  @Override
  public void close() throws IOException {
    optimizer.close();
    model.close();
    if (metrics != null) {
      metrics.close();
    }
  }

  /** Losses and times of the steps since the last line, and of all. */
  private static final class StepClock {
    private final long tokensPerStep;
    private long started;
    private long nanos;
    private long allNanos;
    private double lossSum;
    private long steps;
    private long allSteps;

    StepClock(long tokensPerStep) {
      this.tokensPerStep = tokensPerStep;
    }

    void start() {
      started = System.nanoTime();
    }

    void stop(double loss) {
      long took = System.nanoTime() - started;
      nanos += took;
      allNanos += took;
      lossSum += loss;
      steps++;
      allSteps++;
    }

    Metric metric(long step, Trainer.Step last) {
      Metric metric =
          new Metric(
              Metric.Event.TRAIN,
              step,
              "train",
              lossSum / steps,
              last.learningRate(),
              last.gradNorm(),
              tokensPerStep * steps * 1e9 / nanos,
              nanos / 1e6 / steps);
      nanos = 0;
      lossSum = 0;
      steps = 0;
      return metric;
    }

    double tokensPerSecond() {
      return allSteps == 0 ? 0 : tokensPerStep * allSteps * 1e9 / allNanos;
    }
  }
}
