package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.train.RunDirectory;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sparkformer train}. */
@Command(
    name = "train",
    sortOptions = false,
    description = "Trains a decoder transformer on a token data set, as a recipe says.")
final class TrainCommand implements Callable<TrainResult> {

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description = "The recipe, a YAML file; conf/ has some. What it leaves out has a default.")
  private String config;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "A token data set, made by tokenize.")
  private String data;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "DIR",
      description = "For models, checkpoints, metrics.jsonl and loss.png.")
  private String output;

  @Option(
      names = "--workers",
      defaultValue = "1",
      paramLabel = "N",
      description = "Ranks, one an executor; only 1 so far. Default: ${DEFAULT-VALUE}.")
  private int workers;

  @Option(names = "--resume", description = "Go on from the output's newest checkpoint.")
  private boolean resume;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replaces a value of the recipe, as in training.max-steps=100; repeatable.")
  private List<String> settings = List.of();

  @Option(names = "--overwrite", description = "Replace the output if a training run made it.")
  private boolean overwrite;

  @Override
  public TrainResult call() throws Exception {
    require(!(resume && overwrite), "--resume and --overwrite exclude each other: give one");
    require(
        workers == 1,
        "--workers is %d: training on several executors is not there yet, give 1",
        workers);
    TrainJob job =
        TrainJob.prepare(
            SparkContexts.hadoopConfiguration(), config, settings, data, output, mode());
    try (JavaSparkContext spark = SparkContexts.open("train", MetricsPlugin.class)) {
      return job.run(spark);
    }
  }

  private RunDirectory.Mode mode() {
    if (resume) {
      return RunDirectory.Mode.RESUME;
    }
    return overwrite ? RunDirectory.Mode.OVERWRITE : RunDirectory.Mode.START;
  }
}
