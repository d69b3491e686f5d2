package io.sparkformer.jobs;

import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sparkformer evaluate}. */
@Command(
    name = "evaluate",
    sortOptions = false,
    description =
        "Predicts a whole split of a data set with a model: loss, perplexity, bits per character.")
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
          "Windows that are predicted at once; fewer if their logits would not fit 256 MiB. Default: ${DEFAULT-VALUE}.")
  private int batchSize;

  @Override
  public EvaluateSummary call() throws Exception {
    EvaluateRequest request = new EvaluateRequest(model, data, split, batchSize);
    EvaluateJob job = EvaluateJob.prepare(request, SparkContexts.hadoopConfiguration());
    try (JavaSparkContext spark = SparkContexts.open("evaluate")) {
      return job.run(spark);
    }
  }
}
