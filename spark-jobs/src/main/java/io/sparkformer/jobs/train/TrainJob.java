package io.sparkformer.jobs.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.RunEvents;
import io.sparkformer.jobs.report.RunReport;
import io.sparkformer.jobs.report.TrainingCurves;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.recipe.DataConfig;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.MetricsLog;
import io.sparkformer.run.RunDirectory;
import java.io.IOException;
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
 * beforehand, shows how far the run is and draws the curves.
 */
public final class TrainJob {

  private static final Logger LOG = LoggerFactory.getLogger(TrainJob.class);

  private final Recipe recipe;
  private final TrainSpec spec;
  private final RunDirectory directory;
  private final RetryOptions retry;

  private TrainJob(Recipe recipe, TrainSpec spec, RunDirectory directory, RetryOptions retry) {
    this.recipe = recipe;
    this.spec = spec;
    this.directory = directory;
    this.retry = retry;
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
    RecipeFile recipe =
        startable(
            hadoop,
            RecipeFile.read(Storage.driverFileSystem(file, hadoop), file).with(settings),
            directory,
            mode);
    Optional<Path> given = given(hadoop, recipe, data, directory);
    Path readable = given.orElseGet(() -> TrainSpec.madeData(recipe));
    Recipe bound =
        recipe.bind(
            DataShape.of(DatasetManifest.read(Storage.fileSystem(readable, hadoop), readable)));
    int microBatches = bound.training().gradAccumSteps();
    require(
        microBatches >= retry.workers(),
        "--workers %d is more than the micro-batches of a step, %d (training.global-batch-size %d /"
            + " training.micro-batch-size %d): lower --workers, raise the global or lower the micro-batch size",
        retry.workers(),
        microBatches,
        bound.training().globalBatchSize(),
        bound.training().microBatchSize());
    directory.check(mode);
    TrainSpec spec =
        new TrainSpec(
            UUID.randomUUID().toString(),
            recipe.yaml(),
            given.map(Path::toString).orElse(""),
            directory.path().toString(),
            mode,
            retry.rankTimeoutSeconds());
    return new TrainJob(bound, spec, directory, retry);
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
    if (recipe.initFrom().isEmpty() || mode == RunDirectory.Mode.RESUME) {
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
    long started = System.nanoTime();
    if (retry.workers() > 1 || !spark.sc().isLocal()) {
      checkSurroundings(spark);
    }
    TrainRetries.Done done;
    if (!RunEvents.areCarriedIn(spark.getConf())) {
      LOG.info(
          "no progress is shown, since {} has no {}: see {} in {}",
          RunEvents.PLUGINS,
          RunEvents.class.getName(),
          MetricsLog.FILE_NAME,
          Storage.shown(directory.path()));
    }
    try (TrainProgress progress = new TrainProgress(recipe.training().maxSteps());
        TrainRetries retries = new TrainRetries(spark, spec, retry, progress)) {
      done = retries.run();
    }
    draw();
    return TrainResult.of(
        done, (System.nanoTime() - started) / 1e9, Storage.shown(directory.path()));
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

  /** A missing font or full disk must not take a trained model with it. */
  private void draw() throws IOException {
    try {
      new TrainingCurves(MetricsLog.read(directory.fileSystem(), directory.path()))
          .draw(directory.fileSystem(), directory.path());
      RunReport.write(directory);
    } catch (IOException | RuntimeException | LinkageError e) {
      LOG.warn("the report was not drawn: {}", e.toString());
    }
  }
}
