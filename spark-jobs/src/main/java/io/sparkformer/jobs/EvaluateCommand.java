package io.sparkformer.jobs;

import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.train.DataChoice;
import io.sparkformer.train.Reading;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sparkformer evaluate}. */
@Command(
    name = "evaluate",
    sortOptions = false,
    description =
        "Predicts a whole split of a data set with a model: loss, perplexity and bits per character, or a classifier's report.")
final class EvaluateCommand implements Callable<EvaluateSummary> {

  @Option(
      names = "--model",
      required = true,
      paramLabel = "DIR",
      description = "The model's directory: config.json, model.safetensors, tokenizer.json.")
  private String model;

  @Option(
      names = "--data",
      required = true,
      paramLabel = "DIR",
      description = "A data set that the tokenize job made.")
  private String data;

  @Option(
      names = "--split",
      defaultValue = "valid",
      paramLabel = "NAME",
      description = "train or valid. Default: ${DEFAULT-VALUE}.")
  private String split;

  @Option(
      names = "--batch-size",
      defaultValue = "32",
      paramLabel = "N",
      description =
          "Rows that are predicted at once; fewer if their logits would not fit 256 MiB. Default: ${DEFAULT-VALUE}.")
  private int batchSize;

  @Option(
      names = "--truncate",
      defaultValue = "right",
      paramLabel = "SIDE",
      description =
          "Of sequences: where those longer than the context are cut, right or left, as data.truncate of the recipe. Default: ${DEFAULT-VALUE}.")
  private Truncation truncate;

  @Option(
      names = "--samples",
      defaultValue = "windows",
      paramLabel = "windows|sequences",
      description =
          "Of a language model: what a row is, as data.samples of its recipe. Default: ${DEFAULT-VALUE}.")
  private DataChoice.Samples samples;

  @Option(
      names = "--ignore-index",
      defaultValue = "-100",
      paramLabel = "ID",
      description =
          "Of sequences: a target that does not count, as data.ignore-index of the recipe. Default: ${DEFAULT-VALUE}.")
  private long ignoreIndex;

  @Override
  public EvaluateSummary call() throws Exception {
    EvaluateRequest request =
        new EvaluateRequest(
            model, data, split, batchSize, new Reading(samples, truncate, ignoreIndex));
    EvaluateJob job = EvaluateJob.prepare(request, SparkContexts.hadoopConfiguration());
    try (JavaSparkContext spark = SparkContexts.open("evaluate")) {
      return job.run(spark);
    }
  }
}
