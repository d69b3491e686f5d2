package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.output.ExistingOutput;
import java.util.List;
import java.util.SortedMap;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sparkformer dataset merge}. */
@Command(
    name = "merge",
    sortOptions = false,
    description =
        "Makes one data set of several of one tokenizer: each split is theirs, one after another.")
final class DatasetMergeCommand implements Callable<DatasetMergeCommand.Result> {

  @Option(
      names = "--data",
      required = true,
      arity = "1..*",
      paramLabel = "DIR",
      description = "The data sets, two or more, in the order of their tokens.")
  private List<String> data;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "DIR",
      description = "The new data set's directory.")
  private String output;

  @Option(names = "--overwrite", description = "Replace the output if it is a data set.")
  private boolean overwrite;

  /**
   * What merge prints.
   *
   * @param tokens by split
   */
  record Result(int merged, SortedMap<String, Long> tokens, long bytes, String output) {}

  @Override
  public Result call() throws Exception {
    try (JavaSparkContext spark = SparkContexts.open("dataset merge")) {
      return DatasetMergeJob.run(
          spark,
          data.stream().map(Storage::path).toList(),
          output,
          overwrite ? ExistingOutput.REPLACE : ExistingOutput.REFUSE);
    }
  }
}
