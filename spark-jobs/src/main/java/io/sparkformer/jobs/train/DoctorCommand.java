package io.sparkformer.jobs.train;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.cluster.RunEvents;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.recipe.DataConfig;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import java.io.IOException;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Command;
import picocli.CommandLine.IExitCodeGenerator;
import picocli.CommandLine.Option;

/** {@code sparkformer doctor}. */
@Command(
    name = "doctor",
    sortOptions = false,
    description = "Checks whether a cluster can train: what train checks first, and nothing else.")
public final class DoctorCommand implements JobCommand, Callable<DoctorResult>, IExitCodeGenerator {

  private static final Logger LOG = LoggerFactory.getLogger(DoctorCommand.class);

  @Option(
      names = "--workers",
      defaultValue = "1",
      paramLabel = "N",
      description = "Ranks, one an executor. Default: ${DEFAULT-VALUE}.")
  private int workers;

  @Option(
      names = "--config",
      paramLabel = "FILE",
      description = "A recipe: whether its model fits into the executors' memory.")
  private String config;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description = "A data set: whether all executors see it, whole.")
  private String data;

  @Option(
      names = "--output",
      paramLabel = "DIR",
      description = "An output: whether the driver and all executors can write there.")
  private String output;

  @Option(
      names = "--wait-seconds",
      defaultValue = "" + PreflightOptions.WAIT_SECONDS,
      paramLabel = "S",
      description = "How long executors may take to come. Default: ${DEFAULT-VALUE}.")
  private int waitSeconds;

  private boolean holds;

  @Override
  public DoctorResult call() throws Exception {
    Configuration hadoop = SparkContexts.hadoopConfiguration();
    Path dataPath = data == null ? null : Storage.path(data);
    PreflightOptions options =
        new PreflightOptions(
            workers,
            config == null ? null : recipe(hadoop, Storage.path(config), dataPath),
            dataPath,
            output == null ? null : Storage.path(output),
            waitSeconds);
    try (JavaSparkContext spark = SparkContexts.openRanks("doctor", RunEvents.class, workers)) {
      Preflight.Report report = Preflight.check(spark, options);
      report.checks().forEach(check -> LOG.info("{}", check));
      holds = report.holds();
      return new DoctorResult(holds, report.checks());
    }
  }

  @Override
  public int getExitCode() {
    return holds ? ExitCode.DONE : ExitCode.MISUSED;
  }

  /** What is the least of any data set. */
  private static final DataShape UNKNOWN = new DataShape(1, List.of("unknown"), 0, 0);

  private static Recipe recipe(Configuration hadoop, Path config, Path data) throws IOException {
    RecipeFile file = RecipeFile.read(Storage.driverFileSystem(config, hadoop), config);
    DataShape shape = UNKNOWN;
    if (file.data().source() != DataConfig.Source.DATASET) {
      Path own = TrainSpec.madeData(file);
      shape = DataShape.of(DatasetManifest.read(Storage.fileSystem(own, hadoop), own));
    } else if (data != null) {
      try {
        shape = DataShape.of(DatasetManifest.read(Storage.fileSystem(data, hadoop), data));
      } catch (InvalidInputException e) {
        LOG.debug("left to the check of the data set", e);
      }
    }
    return file.bind(shape);
  }
}
