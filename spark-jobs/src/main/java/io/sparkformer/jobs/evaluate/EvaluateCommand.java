package io.sparkformer.jobs.evaluate;

import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.ClassifierArguments;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.TableArguments;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.input.TableOptions;
import io.sparkformer.ml.SequenceClassificationModel;
import io.sparkformer.recipe.DataConfig;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sparkformer evaluate}. */
@Command(
    name = "evaluate",
    sortOptions = false,
    description =
        "Predicts a whole split of a data set with a model: loss, perplexity and bits per character, or a classifier's report. A labelled table is scored by a classifier of texts, also by one of several labels or a regression, which may be a TorchScript one: model.pt, tokenizer.json, config.json.")
public final class EvaluateCommand implements JobCommand, Callable<EvaluateResult> {

  @Mixin private ClassifierArguments model;

  @ArgGroup(multiplicity = "1")
  private Source source;

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
      paramLabel = "SIDE",
      description =
          "Of sequences: where those longer than the context are cut, right or left. Default: as in the model's training.")
  private Optional<Truncation> truncate = Optional.empty();

  @Option(
      names = "--samples",
      defaultValue = "windows",
      paramLabel = "windows|sequences",
      description =
          "Of a language model: what a row is, as data.samples of its recipe. Default: ${DEFAULT-VALUE}.")
  private DataConfig.Samples samples;

  @Option(
      names = "--ignore-index",
      defaultValue = "-100",
      paramLabel = "ID",
      description =
          "Of sequences: a target that does not count, as data.ignore-index of the recipe. Default: ${DEFAULT-VALUE}.")
  private long ignoreIndex;

  /** What is predicted; picocli sets one of the two. */
  private static final class Source {

    @Option(
        names = "--data",
        required = true,
        paramLabel = "DIR",
        description = "A data set that the tokenize job made.")
    private String data;

    @ArgGroup(exclusive = false)
    private Table table;
  }

  /** A labelled table, whose rows are scored on the cluster. */
  private static final class Table extends TableArguments {

    @Option(
        names = "--label-column",
        defaultValue = "label",
        paramLabel = "COLUMN",
        description =
            "The column of labels: of a model of several labels, arrays, or strings with a | between them; of a regression, numbers. Default: ${DEFAULT-VALUE}.")
    private String labelColumn;

    @Option(
        names = "--threshold",
        paramLabel = "P",
        description =
            "Of a model of several labels: the probability above which one holds. Default: 0.5.")
    private Optional<Double> threshold = Optional.empty();
  }

  @Override
  public EvaluateResult call() throws Exception {
    return source.table == null ? ofDataSet() : ofTable();
  }

  private EvaluateResult ofTable() throws Exception {
    Table table = source.table;
    TableOptions options =
        new TableOptions(
            table.format(), table.inputs(), table.textColumn(), Optional.of(table.labelColumn));
    SequenceClassificationModel classifier =
        new SequenceClassificationModel()
            .setModelPath(model.path())
            .setTrustModel(model.isTrusted())
            .setBatchSize(batchSize)
            .setTruncation(
                truncate.map(side -> side.name().toLowerCase(Locale.ROOT)).orElse("model"));
    table.threshold.ifPresent(classifier::setThreshold);
    TableMeasure measure =
        TableMeasure.of(classifier.check(SparkContexts.hadoopConfiguration()), options);
    try (JavaSparkContext spark = SparkContexts.openTables("evaluate")) {
      return new TableEvaluation(options, classifier, measure).run(spark);
    }
  }

  private EvaluateResult ofDataSet() throws Exception {
    EvaluateOptions options =
        new EvaluateOptions(
            model.path(),
            source.data,
            SplitName.of("--split", split),
            batchSize,
            samples,
            truncate.orElse(null),
            ignoreIndex);
    EvaluateJob job = EvaluateJob.prepare(options, SparkContexts.hadoopConfiguration());
    try (JavaSparkContext spark = SparkContexts.openTables("evaluate")) {
      return job.run(spark);
    }
  }
}
