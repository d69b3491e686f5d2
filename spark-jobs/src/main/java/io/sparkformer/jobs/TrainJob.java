package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.DatasetManifest;
import io.sparkformer.datasets.Storage;
import io.sparkformer.train.MetricsLog;
import io.sparkformer.train.Recipe;
import io.sparkformer.train.RecipeFile;
import io.sparkformer.train.RunDirectory;
import java.io.IOException;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Trains as one Spark barrier stage, a task for each rank; the driver checks what it can
 * beforehand, shows how far the run is and draws the curves.
 */
final class TrainJob {

  private static final Logger LOG = LoggerFactory.getLogger(TrainJob.class);

  private final Recipe recipe;
  private final TrainTask.Order order;
  private final RunDirectory directory;
  private final Resilience resilience;

  private TrainJob(
      Recipe recipe, TrainTask.Order order, RunDirectory directory, Resilience resilience) {
    this.recipe = recipe;
    this.order = order;
    this.directory = directory;
    this.resilience = resilience;
  }

  /** Checks what the driver can, so that a mistake is said before Spark starts. */
  static TrainJob prepare(
      Configuration hadoop,
      String config,
      List<String> settings,
      String data,
      String output,
      RunDirectory.Mode mode,
      Resilience resilience)
      throws IOException {
    Path file = Storage.path(config);
    RecipeFile recipe =
        RecipeFile.read(Storage.driverFileSystem(file, hadoop), file).with(settings);
    Path given = Storage.path(data);
    FileSystem dataFiles = Storage.fileSystem(given, hadoop);
    Path qualified = dataFiles.makeQualified(given); // '.' has no name in a message
    RunDirectory directory = RunDirectory.of(hadoop, Storage.path(output));
    require(
        !Storage.overlap(directory.path(), qualified),
        "--output %s and --data %s are the same or one lies in the other: choose an output outside the data set",
        Storage.shown(directory.path()),
        Storage.shown(qualified));
    Recipe bound = recipe.bind(DatasetManifest.read(dataFiles, qualified).vocabSize());
    int microBatches = bound.training().gradAccumSteps();
    require(
        microBatches >= resilience.workers(),
        "--workers %d is more than the micro-batches of a step, %d (training.global-batch-size %d /"
            + " training.micro-batch-size %d): lower --workers, raise the global or lower the micro-batch size",
        resilience.workers(),
        microBatches,
        bound.training().globalBatchSize(),
        bound.training().microBatchSize());
    directory.check(mode);
    TrainTask.Order order =
        new TrainTask.Order(
            UUID.randomUUID().toString(),
            recipe.yaml(),
            qualified.toString(),
            directory.path().toString(),
            mode,
            resilience.rankTimeoutSeconds());
    return new TrainJob(bound, order, directory, resilience);
  }

  /**
   * Trains, attempt after attempt until one succeeds.
   *
   * @throws InvalidInputException if there is a user's mistake, or too much has failed
   */
  TrainResult run(JavaSparkContext spark) throws Exception {
    long started = System.nanoTime();
    if (resilience.workers() > 1 || !spark.sc().isLocal()) {
      checkSurroundings(spark);
    }
    Attempts.Done done;
    try (TrainProgress progress = new TrainProgress(recipe.training().maxSteps())) {
      done = new Attempts(spark, order, resilience, progress).run();
    }
    draw();
    return TrainResult.of(
        done, (System.nanoTime() - started) / 1e9, Storage.shown(directory.path()));
  }

  /** Executors that are lost meanwhile are replaced, as they are later. */
  private void checkSurroundings(JavaSparkContext spark) throws Exception {
    PreflightRequest request =
        new PreflightRequest(
            resilience.workers(),
            recipe,
            new Path(order.data()),
            directory.path(),
            resilience.waitSeconds());
    for (int failures = 0; ; failures++) {
      try {
        Preflight.check(spark, request).require();
        return;
      } catch (Exception e) { // SparkException, which Scala does not declare
        boolean mayPass = e instanceof SparkException && Failure.mistakeIn(e).isEmpty();
        if (!mayPass || spark.sc().isStopped() || failures >= resilience.maxFailures()) {
          throw e;
        }
        LOG.warn("the checks before training failed ({}); checking again", Failure.rootOf(e));
      }
    }
  }

  /** A missing font or full disk must not take a trained model with it. */
  private void draw() throws IOException {
    try {
      LossChart.draw(
          MetricsLog.read(directory.fileSystem(), directory.path()),
          directory.fileSystem(),
          directory.losses());
    } catch (IOException | RuntimeException | LinkageError e) {
      LOG.warn("{} was not drawn: {}", directory.losses().getName(), e.toString());
    }
  }
}
