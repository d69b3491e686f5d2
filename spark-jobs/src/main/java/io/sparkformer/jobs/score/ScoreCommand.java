package io.sparkformer.jobs.score;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.jobs.ClassifierArguments;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.TableArguments;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.ml.SequenceClassificationModel;
import io.sparkformer.model.ProblemType;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sparkformer score}. */
@Command(
    name = "score",
    sortOptions = false,
    description =
        "Adds to each row of a table what a classifier says of its text: label, score, probabilities, and which labels hold. Every row comes back, with a result or an error. The model may be a TorchScript one, too: model.pt, tokenizer.json, config.json.")
public final class ScoreCommand implements JobCommand, Callable<ScoreResult> {

  @Mixin private ClassifierArguments model;

  @Mixin private TableArguments table;

  @Option(
      names = "--columns",
      split = ",",
      paramLabel = "COLUMN",
      description = "The table's columns to keep, with commas between them. Default: all.")
  private List<String> columns = List.of();

  @Option(
      names = "--where",
      paramLabel = "CONDITION",
      description = "Only rows for which this condition of SQL holds.")
  private Optional<String> where = Optional.empty();

  @Option(
      names = "--output",
      required = true,
      paramLabel = "PATH|TABLE",
      description = "A directory; with --output-format table, a table's name.")
  private String output;

  @Option(
      names = "--output-format",
      paramLabel = "FORMAT",
      description =
          "parquet, orc, json, csv (the struct's fields become columns), delta, table. Default: as --format.")
  private Optional<String> outputFormat = Optional.empty();

  @Option(
      names = "--output-column",
      defaultValue = "prediction",
      paramLabel = "COLUMN",
      description = "The struct that is added. Default: ${DEFAULT-VALUE}.")
  private String outputColumn;

  @Option(
      names = "--partition-by",
      split = ",",
      paramLabel = "COLUMN",
      description = "Lays the output out in directories by these columns' values.")
  private List<String> partitionBy = List.of();

  @Option(names = "--append", description = "Add to the output if it is there.")
  private boolean append;

  @Option(names = "--overwrite", description = "Replace the output if it is there.")
  private boolean overwrite;

  @Option(
      names = "--partitions",
      paramLabel = "N",
      description =
          "Spreads the rows over N tasks, in another order. Default: as the input is split.")
  private Optional<Integer> partitions = Optional.empty();

  @Option(
      names = "--batch-size",
      defaultValue = "64",
      paramLabel = "N",
      description = "Rows that the model reads at once, at most. Default: ${DEFAULT-VALUE}.")
  private int batchSize;

  @Option(
      names = "--max-tokens-per-batch",
      defaultValue = "4096",
      paramLabel = "N",
      description = "Tokens that it reads at once, at most. Default: ${DEFAULT-VALUE}.")
  private int maxTokensPerBatch;

  @Option(
      names = "--top-k",
      defaultValue = "5",
      paramLabel = "K",
      description = "Classes in the field top_k. Default: ${DEFAULT-VALUE}.")
  private int topK;

  @Option(
      names = "--threshold",
      paramLabel = "P",
      description =
          "Of a model of several labels (problem_type multi_label_classification, or a lone label): the probability above which a label is one of the field labels. Default: 0.5.")
  private Optional<Double> threshold = Optional.empty();

  @Option(
      names = "--truncate",
      defaultValue = "model",
      paramLabel = "SIDE",
      description =
          "Where texts longer than the context are cut: model (as it was trained), right, left. Default: ${DEFAULT-VALUE}.")
  private String truncate;

  @Option(
      names = "--on-error",
      defaultValue = "column",
      paramLabel = "POLICY",
      description =
          "Of a row without a result, as one whose text is null: column (the struct's error says why), null (no struct), fail. Default: ${DEFAULT-VALUE}.")
  private String onError;

  @Option(
      names = "--device",
      defaultValue = "auto",
      paramLabel = "auto|cpu",
      description = "auto: the GPU that Spark gives a task, if any. Default: ${DEFAULT-VALUE}.")
  private String device;

  @Option(
      names = "--engine",
      defaultValue = "sparkformer",
      paramLabel = "ENGINE",
      description =
          "sparkformer; or djl-spark, DJL's own extension of Spark, which this program comes without (see docs/scoring.md). Default: ${DEFAULT-VALUE}.")
  private String engine;

  @Override
  public ScoreResult call() throws Exception {
    require(!(append && overwrite), "--append and --overwrite exclude each other: give one");
    ScoreOptions options = options();
    require(
        options.engine() == ScoreOptions.Engine.SPARKFORMER || threshold.isEmpty(),
        "--threshold is given, but --engine djl-spark says no labels that hold: leave one of them away");
    SequenceClassificationModel classifier =
        new SequenceClassificationModel()
            .setModelPath(model.path())
            .setTrustModel(model.isTrusted())
            .setInputCol(table.textColumn())
            .setOutputCol(outputColumn)
            .setBatchSize(batchSize)
            .setMaxTokensPerBatch(maxTokensPerBatch)
            .setDevice(device)
            .setOnError(onError)
            .setTopK(topK)
            .setTruncation(truncate);
    threshold.ifPresent(classifier::setThreshold);
    ProblemType problem = classifier.check(SparkContexts.hadoopConfiguration()).problem();
    require(
        options.engine() == ScoreOptions.Engine.SPARKFORMER || problem != ProblemType.REGRESSION,
        "%s is a regression, which DJL's Spark extension takes for a classifier: leave --engine djl-spark away",
        model.path());
    if (options.engine() == ScoreOptions.Engine.DJL_SPARK) {
      classifier.checkForDjl(SparkContexts.hadoopConfiguration());
    }
    try (JavaSparkContext spark = SparkContexts.openTables("score")) {
      return new ScoreJob(options, classifier).run(spark);
    }
  }

  private ScoreOptions options() {
    InputFormat format = table.format();
    return new ScoreOptions(
        table.inputs(),
        format,
        columns,
        where,
        partitions.map(OptionalInt::of).orElse(OptionalInt.empty()),
        output,
        outputFormat.map(name -> InputFormat.ofTable("--output-format", name)).orElse(format),
        partitionBy,
        existing(),
        ScoreOptions.Engine.of(engine));
  }

  private ScoreOptions.Existing existing() {
    if (append) {
      return ScoreOptions.Existing.APPEND;
    }
    return overwrite ? ScoreOptions.Existing.REPLACE : ScoreOptions.Existing.REFUSE;
  }
}
