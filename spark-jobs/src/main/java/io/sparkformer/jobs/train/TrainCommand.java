package io.sparkformer.jobs.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.cluster.RunEvents;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.run.RunDirectory;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sparkformer train}. */
@Command(
    name = "train",
    sortOptions = false,
    description = "Trains a decoder transformer on a token data set, as a recipe says.")
public final class TrainCommand implements JobCommand, Callable<TrainResult> {

  @Option(
      names = "--config",
      required = true,
      paramLabel = "FILE",
      description =
          "The recipe, a YAML file, local unless its path names a file system; conf/ has some."
              + " What it leaves out has a default.")
  private String config;

  @Option(
      names = "--data",
      paramLabel = "DIR",
      description =
          "A token data set, made by tokenize. Not for a recipe whose data.source makes its own.")
  private Optional<String> data = Optional.empty();

  @Option(
      names = "--output",
      required = true,
      paramLabel = "DIR",
      description = "For models, checkpoints, metrics.jsonl, tensorboard/ and report.html.")
  private String output;

  @Option(
      names = "--workers",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "Ranks, one an executor. More than one on a local master get executor processes here."
              + " The result is the same for any number, up to that of a step's micro-batches; for more,"
              + " these are split. Default: ${DEFAULT-VALUE}.")
  private int workers;

  @Option(
      names = "--min-workers",
      defaultValue = "1",
      paramLabel = "N",
      description =
          "The fewest ranks to go on with after some were lost. Default: ${DEFAULT-VALUE}.")
  private int minWorkers;

  @Option(
      names = "--max-failures",
      defaultValue = "3",
      paramLabel = "N",
      description =
          "How often the run goes on from its newest checkpoint after ranks were lost."
              + " Default: ${DEFAULT-VALUE}.")
  private int maxFailures;

  @Option(
      names = "--wait-seconds",
      defaultValue = "60",
      paramLabel = "S",
      description =
          "How long to wait for executors, at the start and for lost ones to be replaced."
              + " Default: ${DEFAULT-VALUE}.")
  private int waitSeconds;

  @Option(
      names = "--rank-timeout-seconds",
      defaultValue = "60",
      paramLabel = "S",
      description =
          "How late a rank may be, compared with the others, before it counts as lost."
              + " Default: ${DEFAULT-VALUE}.")
  private int rankTimeoutSeconds;

  @Option(
      names = "--keep",
      paramLabel = "N",
      description = "The newest checkpoints that stay, as checkpoint.keep of the recipe.")
  private Integer keep;

  @Option(names = "--resume", description = "Go on from the output's newest checkpoint.")
  private boolean resume;

  @Option(
      names = "--allow-changes",
      description =
          "With --resume: go on even if the recipe changes what follows, such as the learning rate.")
  private boolean allowChanges;

  @Option(
      names = "--set",
      paramLabel = "KEY=VALUE",
      description = "Replaces a value of the recipe, as in training.max-steps=100; repeatable.")
  private List<String> settings = List.of();

  @Option(names = "--overwrite", description = "Replace the output if a training run made it.")
  private boolean overwrite;

  @Spec private CommandSpec command;

  @Override
  public TrainResult call() throws Exception {
    require(!(resume && overwrite), "--resume and --overwrite exclude each other: give one");
    require(
        resume || !allowChanges,
        "--allow-changes is for a run that goes on: give it with --resume, or leave it away");
    RetryOptions retry =
        new RetryOptions(workers, minWorkers, maxFailures, waitSeconds, rankTimeoutSeconds);
    List<String> all = new ArrayList<>(settings);
    if (keep != null) {
      all.add("checkpoint.keep=" + keep);
    }
    try (TrainJob job =
            TrainJob.prepare(
                SparkContexts.hadoopConfiguration(), config, all, data, output, mode(), retry);
        JavaSparkContext spark = SparkContexts.openRanks("train", RunEvents.class, workers)) {
      return job.run(spark, ShellWords.of(command.commandLine().getParseResult().originalArgs()));
    }
  }

  private RunDirectory.Mode mode() {
    if (resume) {
      return allowChanges ? RunDirectory.Mode.RESUME_CHANGED : RunDirectory.Mode.RESUME;
    }
    return overwrite ? RunDirectory.Mode.OVERWRITE : RunDirectory.Mode.START;
  }
}
