package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.DatasetManifest;
import io.sparkformer.datasets.Storage;
import io.sparkformer.train.Metric;
import io.sparkformer.train.MetricsLog;
import io.sparkformer.train.RecipeFile;
import io.sparkformer.train.RunDirectory;
import io.sparkformer.train.TrainingRun;
import java.io.IOException;
import java.util.List;
import java.util.Locale;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.reflect.ClassTag$;

/**
 * Trains as one Spark barrier stage, a task for each rank; the driver checks what it can
 * beforehand, shows how far the run is and draws the curves.
 */
final class TrainJob {

  private static final Logger LOG = LoggerFactory.getLogger(TrainJob.class);

  private final RecipeFile recipe;
  private final long maxSteps;
  private final Path data;
  private final RunDirectory directory;
  private final RunDirectory.Mode mode;

  private TrainJob(
      RecipeFile recipe, long maxSteps, Path data, RunDirectory directory, RunDirectory.Mode mode) {
    this.recipe = recipe;
    this.maxSteps = maxSteps;
    this.data = data;
    this.directory = directory;
    this.mode = mode;
  }

  /** Checks what the driver can, so that a mistake is said before Spark starts. */
  static TrainJob prepare(
      Configuration hadoop,
      String config,
      List<String> settings,
      String data,
      String output,
      RunDirectory.Mode mode)
      throws IOException {
    Path file = Storage.path(config);
    RecipeFile recipe = RecipeFile.read(Storage.fileSystem(file, hadoop), file).with(settings);
    Path given = Storage.path(data);
    FileSystem dataFiles = Storage.fileSystem(given, hadoop);
    Path qualified = dataFiles.makeQualified(given); // '.' has no name in a message
    RunDirectory directory = RunDirectory.of(hadoop, Storage.path(output));
    require(
        !Storage.overlap(directory.path(), qualified),
        "--output %s and --data %s are the same or one lies in the other: choose an output outside the data set",
        Storage.shown(directory.path()),
        Storage.shown(qualified));
    int vocabSize = DatasetManifest.read(dataFiles, qualified).vocabSize();
    directory.check(mode);
    return new TrainJob(
        recipe, recipe.bind(vocabSize).training().maxSteps(), qualified, directory, mode);
  }

  TrainResult run(JavaSparkContext spark) throws IOException {
    long started = System.nanoTime();
    TrainTask task =
        new TrainTask(
            spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration())),
            recipe.yaml(),
            data.toString(),
            directory.path().toString(),
            mode);
    TrainingRun.Summary summary = train(spark, task);
    draw();
    return TrainResult.of(
        summary, (System.nanoTime() - started) / 1e9, Storage.shown(directory.path()));
  }

  private TrainingRun.Summary train(JavaSparkContext spark, TrainTask task) {
    try (TrainProgress progress = new TrainProgress(maxSteps)) {
      MetricsPlugin.listen(progress);
      Object results =
          spark
              .parallelize(List.of(0), 1)
              .rdd()
              .barrier()
              .mapPartitions(
                  task, false, ClassTag$.MODULE$.<TrainTask.Outcome>apply(TrainTask.Outcome.class))
              .collect();
      return ((TrainTask.Outcome[]) results)[0].summaryOrThrow();
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

  /** The driver's view of a run: a bar of steps, and a line for each evaluation. */
  static final class TrainProgress implements java.util.function.Consumer<Metric>, AutoCloseable {
    private final long maxSteps;
    private Progress progress;
    private double trainLoss;
    private boolean closed;

    TrainProgress(long maxSteps) {
      this.maxSteps = maxSteps;
    }

    @Override
    public synchronized void accept(Metric metric) {
      if (metric.event() == Metric.Event.EVALUATION) {
        evaluated(metric);
        return;
      }
      if (closed) {
        return; // a bar would stay open
      }
      if (progress == null) {
        LOG.info("step {}: loss {}", metric.step(), number(metric.loss()));
        progress = Progress.resume("train", "steps", metric.step(), maxSteps);
      }
      progress.stepTo(
          metric.step(),
          String.format(
              Locale.ROOT, "loss %.4f, %,.0f tokens/s", metric.loss(), metric.tokensPerSecond()));
    }

    private void evaluated(Metric metric) {
      if (metric.split().equals("train")) {
        trainLoss = metric.loss();
      } else {
        LOG.info(
            "step {}: train loss {}, valid loss {}",
            metric.step(),
            number(trainLoss),
            number(metric.loss()));
      }
    }

    private static String number(double loss) {
      return String.format(Locale.ROOT, "%.4f", loss);
    }

    @Override
    public synchronized void close() {
      closed = true;
      if (progress != null) {
        progress.close();
      }
    }
  }
}
