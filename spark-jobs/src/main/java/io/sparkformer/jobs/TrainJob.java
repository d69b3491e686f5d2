package io.sparkformer.jobs;

import io.sparkformer.datasets.DatasetManifest;
import io.sparkformer.datasets.Storage;
import io.sparkformer.train.Metric;
import io.sparkformer.train.MetricsLog;
import io.sparkformer.train.Recipe;
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

  private final JavaSparkContext spark;
  private final String config;
  private final List<String> settings;
  private final Path data;
  private final String output;
  private final RunDirectory.Mode mode;

  TrainJob(
      JavaSparkContext spark,
      String config,
      List<String> settings,
      String data,
      String output,
      RunDirectory.Mode mode) {
    this.spark = spark;
    this.config = config;
    this.settings = List.copyOf(settings);
    this.data = Storage.path(data);
    this.output = output;
    this.mode = mode;
  }

  TrainResult run() throws IOException {
    long started = System.nanoTime();
    Configuration hadoop = spark.hadoopConfiguration();
    Path recipePath = Storage.path(config);
    RecipeFile file =
        RecipeFile.read(Storage.fileSystem(recipePath, hadoop), recipePath).with(settings);
    // A mistake is said at once, before an executor is asked for anything.
    FileSystem dataFiles = Storage.fileSystem(data, hadoop);
    Path qualified = dataFiles.makeQualified(data); // '.' has no name in a message
    Recipe recipe = file.bind(DatasetManifest.read(dataFiles, qualified).vocabSize());
    RunDirectory directory = RunDirectory.of(hadoop, Storage.path(output));
    directory.check(mode);

    TrainTask task =
        new TrainTask(
            spark.broadcast(new SerializableConfiguration(hadoop)),
            file.yaml(),
            qualified.toString(),
            directory.path().toString(),
            mode);
    TrainingRun.Summary summary = train(task, recipe.training().maxSteps());
    draw(directory);
    return TrainResult.of(
        summary, (System.nanoTime() - started) / 1e9, Storage.shown(directory.path()));
  }

  private TrainingRun.Summary train(TrainTask task, long maxSteps) {
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
  private void draw(RunDirectory directory) throws IOException {
    try {
      LossChart.draw(
          MetricsLog.read(directory.fileSystem(), directory.path()),
          directory.fileSystem(),
          new Path(directory.path(), LossChart.FILE_NAME));
    } catch (IOException | RuntimeException | LinkageError e) {
      LOG.warn("{} was not drawn: {}", LossChart.FILE_NAME, e.toString());
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
