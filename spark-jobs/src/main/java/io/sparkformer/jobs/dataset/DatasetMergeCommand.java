package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.OutputArguments;
import io.sparkformer.jobs.cluster.SparkContexts;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sparkformer dataset merge}. */
@Command(
    name = "merge",
    sortOptions = false,
    description =
        "Makes one data set of several of one tokenizer: each split is theirs, one after another.")
final class DatasetMergeCommand implements Callable<DatasetMergeResult> {

  @Option(
      names = "--data",
      required = true,
      arity = "1..*",
      paramLabel = "DIR",
      description = "The data sets, two or more, in the order of their tokens.")
  private List<String> data;

  @Mixin private OutputArguments output;

  @Override
  public DatasetMergeResult call() throws Exception {
    try (JavaSparkContext spark = SparkContexts.open("dataset merge")) {
      return DatasetMergeJob.run(
          spark, data.stream().map(Storage::path).toList(), output.path(), output.existing());
    }
  }
}
