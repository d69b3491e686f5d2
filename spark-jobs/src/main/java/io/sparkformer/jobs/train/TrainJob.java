package io.sparkformer.jobs.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.GivenUpException;
import io.sparkformer.jobs.cluster.RunEvents;
import io.sparkformer.jobs.output.OutputDirectory;
import io.sparkformer.jobs.output.OutputLock;
import io.sparkformer.jobs.report.RunDescription;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.recipe.DataConfig;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.MetricsLog;
import io.sparkformer.run.RunDirectory;
import java.io.Closeable;
import java.io.IOException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains as one Spark barrier stage, a task for each rank; the driver checks what it can
 * beforehand, shows how far the run is and writes its report. Until it is closed, no other job
 * writes its output.
 */
public final class TrainJob implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainJob.class);

  private final Recipe recipe;
  private final TrainSpec spec;
  private final RunDirectory directory;
  private final RetryOptions retry;
  private final OutputLock lock;
  private final List<Path> createdParents;

  private TrainJob(
      Recipe recipe,
      TrainSpec spec,
      RunDirectory directory,
      RetryOptions retry,
      OutputLock lock,
      List<Path> createdParents) {
    this.recipe = recipe;
    this.spec = spec;
    this.directory = directory;
    this.retry = retry;
    this.lock = lock;
    this.createdParents = createdParents;
  }

  /** Checks what the driver can, so that a mistake is said before Spark starts. */
  public static TrainJob prepare(
      Configuration hadoop,
      String config,
      List<String> settings,
      Optional<String> data,
      String output,
      RunDirectory.Mode mode,
      RetryOptions retry)
      throws IOException {
    Path file = Storage.path(config);
    RunDirectory directory = RunDirectory.of(hadoop, Storage.path(output));
    RecipeFile whole =
        startable(
            hadoop,
            RecipeFile.read(Storage.driverFileSystem(file, hadoop), file).with(settings),
            directory,
            mode);
    Optional<Path> given = given(hadoop, whole, data, directory);
    Path readable = given.orElseGet(() -> TrainSpec.madeData(whole));
    DataShape shape =
        DataShape.of(DatasetManifest.read(Storage.fileSystem(readable, hadoop), readable));
    RecipeFile recipe = MicroBatches.split(whole, shape, retry.workers(), directory, mode);
    Recipe bound = recipe.bind(shape);
    TrainSpec spec =
        new TrainSpec(
            UUID.randomUUID().toString(),
            recipe.yaml(),
            given.map(Path::toString).orElse(""),
            directory.path().toString(),
            mode,
            retry.rankTimeoutSeconds());
    return locked(bound, spec, directory, retry);
  }

  private static TrainJob locked(
      Recipe recipe, TrainSpec spec, RunDirectory directory, RetryOptions retry)
      throws IOException {
    directory.check(spec.mode());
    List<Path> missing = OutputDirectory.missingParents(directory.fileSystem(), directory.path());
    OutputLock lock;
    try {
      lock = OutputLock.acquire(directory.fileSystem(), directory.path());
    } catch (IOException e) {
      throw new InvalidInputException(
          String.format(
              "--output %s cannot be written (%s): choose a directory that you may write",
              Storage.shown(directory.path()), Reason.of(e)),
          e);
    }
    try {
      directory.check(spec.mode()); // which the run that had the lock may have changed
    } catch (IOException | RuntimeException e) {
      lock.releaseAfter(e);
      throw e;
    }
    return new TrainJob(recipe, spec, directory, retry, lock, missing);
  }

  /** Lets other jobs write the output. */
  @Override
  public void close() throws IOException {
    lock.close();
    if (!directory.fileSystem().exists(directory.path())) {
      OutputDirectory.deleteEmpty(directory.fileSystem(), createdParents);
    }
  }

  /** The data set that is given, unless the recipe makes its own. */
  private static Optional<Path> given(
      Configuration hadoop, RecipeFile recipe, Optional<String> data, RunDirectory output)
      throws IOException {
    boolean own = recipe.data().source() != DataConfig.Source.DATASET;
    require(
        own || data.isPresent(),
        "--data is missing: give a data set that tokenize made, or a recipe whose data.source makes its own");
    require(
        !own || data.isEmpty(),
        "--data %s: the recipe makes its own data (data.source): leave --data away, or set data.source=dataset",
        data.orElse(""));
    if (own) {
      return Optional.empty();
    }
    Path path = Storage.path(data.orElseThrow());
    Path qualified = Storage.qualified(path, hadoop); // '.' has no name
    require(
        !Storage.overlap(output.path(), qualified),
        "--output %s and --data %s are the same or one lies in the other: choose an output outside the data set",
        Storage.shown(output.path()),
        Storage.shown(qualified));
    return Optional.of(qualified);
  }

  /** The recipe with a path to the model to start from that executors understand, too. */
  private static RecipeFile startable(
      Configuration hadoop, RecipeFile recipe, RunDirectory output, RunDirectory.Mode mode)
      throws IOException {
    if (recipe.initFrom().isEmpty() || mode.resumes()) {
      return recipe;
    }
    Path path = Storage.path(recipe.initFrom().get());
    Path qualified = Storage.qualified(path, hadoop);
    ModelDirectory.open(hadoop, qualified);
    require(
        mode != RunDirectory.Mode.OVERWRITE || !Storage.overlap(output.path(), qualified),
        "--overwrite would delete training.init-from %s with the output %s: choose another --output, or copy the model"
            + " first",
        Storage.shown(qualified),
        Storage.shown(output.path()));
    String quoted = qualified.toString().replace("'", "''"); // as YAML has it
    return recipe.with(List.of("training.init-from='" + quoted + "'"));
  }

  /**
   * Trains, attempt after attempt until one succeeds.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if there is a user's mistake, or too much
   *     has failed
   */
  public TrainResult run(JavaSparkContext spark) throws Exception {
    return run(spark, "");
  }

  /**
   * The same, for a report that says what started the run.
   *
   * @param command as a person would type it
   */
  TrainResult run(JavaSparkContext spark, String command) throws Exception {
    long started = System.nanoTime();
    if (retry.workers() > 1 || !spark.sc().isLocal()) {
      checkSurroundings(spark);
    }
    if (!RunEvents.areCarriedIn(spark.getConf())) {
      LOG.info(
          "no progress is shown, since {} has no {}: see {} in {}",
          RunEvents.PLUGINS,
          RunEvents.class.getName(),
          MetricsLog.FILE_NAME,
          Storage.shown(directory.path()));
    }
    TrainRetries.Done done;
    long maxSteps = recipe.training().maxSteps();
    try (RunPage page = new RunPage(directory, lock, spec, description(command), maxSteps)) {
      done = train(spark, page);
    }
    return TrainResult.of(
        done, (System.nanoTime() - started) / 1e9, Storage.shown(directory.path()));
  }

  private TrainRetries.Done train(JavaSparkContext spark, RunPage page) throws Exception {
    try (TrainProgress progress = new TrainProgress(recipe.training().maxSteps(), page);
        TrainRetries retries = new TrainRetries(spark, spec, retry, progress, lock)) {
      TrainRetries.Done done = retries.run();
      progress.finished(done.result().steps());
      return done;
    } catch (Exception e) { // SparkException, which Scala does not declare
      page.failed(e);
      if (e instanceof GivenUpException) {
        tidyAfter(e);
      }
      throw e;
    }
  }

  /** An executor that was killed for good leaves what it was writing. */
  private void tidyAfter(Exception failure) {
    try {
      directory.tidy(lock::requireHeld);
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  private RunDescription description(String command) {
    String data =
        spec.data().isEmpty()
            ? "made by the recipe (data.source)"
            : Storage.shown(new Path(spec.data()));
    return new RunDescription(data, command, Instant.now());
  }

  /** Executors that are lost meanwhile are replaced, as they are later. */
  private void checkSurroundings(JavaSparkContext spark) throws Exception {
    PreflightOptions options =
        new PreflightOptions(
            retry.workers(),
            recipe,
            spec.data().isEmpty() ? null : new Path(spec.data()),
            directory.path(),
            retry.waitSeconds());
    for (int failures = 0; ; failures++) {
      try {
        Preflight.check(spark, options).require();
        return;
      } catch (Exception e) { // SparkException, which Scala does not declare
        boolean mayPass = e instanceof SparkException && Failure.mistakeIn(e).isEmpty();
        if (!mayPass || spark.sc().isStopped() || failures >= retry.maxFailures()) {
          throw e;
        }
        LOG.warn("the checks before training failed ({}); checking again", Failure.rootOf(e));
      }
    }
  }
}
