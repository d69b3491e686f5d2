package io.sparkformer.ml;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.RankSettings;
import io.sparkformer.jobs.input.CorpusInput;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.output.ExistingOutput;
import io.sparkformer.jobs.output.OutputDirectory;
import io.sparkformer.jobs.tokenize.SplitMethod;
import io.sparkformer.jobs.tokenize.TokenizeJob;
import io.sparkformer.jobs.tokenize.TokenizeOptions;
import io.sparkformer.jobs.tokenize.TokenizeOptions.EndOfText;
import io.sparkformer.jobs.train.RetryOptions;
import io.sparkformer.jobs.train.TrainJob;
import io.sparkformer.recipe.DataConfig;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.RunDirectory;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;

/**
 * A classifier from a DataFrame, in the session that it belongs to; what Spark ML's estimator
 * calls.
 *
 * <p>The two columns are first written to the output as Parquet, and deleted when they are
 * tokenized: so the DataFrame, which may be a query without a fixed order, is computed once, and
 * every pass and every retried task reads the same.
 */
final class ClassifierTraining {

  private static final long SHARD_BYTES = 64L << 20;
  private static final String CLASSIFIER = "sequence-classification";

  /** Two at once would share this JVM's engine. */
  private static final Object ONE_AT_A_TIME = new Object();

  private final Options options;

  /**
   * What is to be trained.
   *
   * @param recipe path of a YAML file
   * @param settings {@code section.key=value} each
   * @param output a directory that gets {@code data} and {@code run}
   * @param seed of the split and, unless the settings have one, of training; if empty, the defaults
   *     of tokenize and the recipe count
   * @param workers ranks
   */
  record Options(
      String recipe,
      List<String> settings,
      String tokenizer,
      EndOfText endOfText,
      String textColumn,
      String labelColumn,
      String output,
      ExistingOutput existing,
      SplitMethod split,
      double validFraction,
      OptionalLong seed,
      int workers) {

    Options {
      settings = List.copyOf(settings);
    }
  }

  ClassifierTraining(Options options) {
    this.options = options;
  }

  /**
   * Checks the columns.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if one is missing or of a wrong type
   */
  static void requireColumns(StructType schema, String textColumn, String labelColumn) {
    LabelledTable.requireColumns(schema, textColumn, labelColumn);
  }

  /**
   * Trains; the session stays as it is.
   *
   * @return the directory of the best model
   * @throws io.sparkformer.datasets.InvalidInputException for every mistake of the user's
   */
  String run(Dataset<?> rows) {
    requireColumns(rows.schema(), options.textColumn(), options.labelColumn());
    require(
        !rows.isStreaming(),
        "the DataFrame is a stream, which has no end: write it to a table, and fit on that");
    SparkSession session = rows.sparkSession();
    Optional<SparkSession> active = active();
    // Reading tables changes settings.
    SparkSession own = session.newSession();
    synchronized (ONE_AT_A_TIME) {
      SparkSession.setActiveSession(own);
      try {
        return train(
            new LabelledTable(rows, options.textColumn(), options.labelColumn()),
            own,
            JavaSparkContext.fromSparkContext(session.sparkContext()));
      } catch (IOException e) {
        throw new UncheckedIOException(e.getMessage(), e);
      } catch (RuntimeException e) {
        throw e;
      } catch (Exception e) { // Spark's are checked ones, too, that Java cannot name.
        if (e instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        throw new IllegalStateException("the fit failed: " + Failure.rootOf(e), e);
      } finally {
        active.ifPresentOrElse(SparkSession::setActiveSession, SparkSession::clearActiveSession);
      }
    }
  }

  private static Optional<SparkSession> active() {
    scala.Option<SparkSession> active = SparkSession.getActiveSession();
    return active.isDefined() ? Optional.of(active.get()) : Optional.empty();
  }

  private String train(LabelledTable table, SparkSession session, JavaSparkContext spark)
      throws Exception {
    Configuration hadoop = spark.hadoopConfiguration();
    RankSettings.requireFit(spark.getConf(), options.workers());
    requireClassifier(hadoop);
    Path given = Storage.path(options.output());
    FileSystem fileSystem = Storage.fileSystem(given, hadoop);
    Path output = fileSystem.makeQualified(given);
    boolean existed = fileSystem.exists(output);
    require(
        !existed
            || (options.existing() == ExistingOutput.REPLACE
                && fileSystem.getFileStatus(output).isDirectory()),
        "outputPath %s exists: give another directory, or set overwrite, which replaces the data set and the run"
            + " in it",
        Storage.shown(output));
    List<Path> parents = OutputDirectory.missingParents(fileSystem, output);
    RunDirectory run = new RunDirectory(fileSystem, new Path(output, "run"));
    try {
      Path data = new Path(output, "data");
      tokenize(table, session, spark, output, data);
      try (TrainJob job =
          TrainJob.prepare(
              hadoop,
              options.recipe(),
              settings(),
              Optional.of(data.toString()),
              run.path().toString(),
              existed ? RunDirectory.Mode.OVERWRITE : RunDirectory.Mode.START,
              RetryOptions.of(options.workers()))) {
        job.run(spark);
      }
    } catch (Exception e) {
      if (!existed && !fileSystem.exists(run.path())) {
        fileSystem.delete(output, true);
        OutputDirectory.deleteEmpty(fileSystem, parents);
      }
      throw e;
    }
    return run.best().toString();
  }

  /** What the recipe says of itself, before anything takes time. */
  private void requireClassifier(Configuration hadoop) throws IOException {
    Path file = Storage.path(options.recipe());
    RecipeFile recipe =
        RecipeFile.read(Storage.driverFileSystem(file, hadoop), file).with(settings());
    require(
        recipe.headKind().equals(CLASSIFIER),
        "model.head.kind is %s: a classifier of texts needs model.head.kind=%s",
        recipe.headKind(),
        CLASSIFIER);
    require(
        recipe.data().source() == DataConfig.Source.DATASET,
        "data.source is not dataset, but the DataFrame is what is trained on: leave the key away");
  }

  private List<String> settings() {
    List<String> all = new ArrayList<>();
    options.seed().ifPresent(seed -> all.add("training.seed=" + seed));
    all.addAll(options.settings());
    return all;
  }

  private void tokenize(
      LabelledTable table, SparkSession session, JavaSparkContext spark, Path output, Path data)
      throws Exception {
    Path stored = new Path(output, "rows-" + UUID.randomUUID());
    FileSystem fileSystem = Storage.fileSystem(output, spark.hadoopConfiguration());
    try {
      table.strings().write().parquet(stored.toString());
      session.conf().set("spark.sql.shuffle.partitions", spark.defaultParallelism());
      table.requireLabels(session.read().parquet(stored.toString()));
      new TokenizeJob(spark, options(stored, data)).run();
    } finally {
      fileSystem.delete(stored, true);
    }
  }

  private TokenizeOptions options(Path stored, Path data) {
    return new TokenizeOptions(
        new CorpusInput(
            List.of(stored.toString()),
            InputFormat.PARQUET,
            Optional.of(LabelledTable.TEXT),
            Optional.of(LabelledTable.LABEL)),
        data.toString(),
        options.tokenizer(),
        Optional.empty(),
        options.split(),
        options.validFraction(),
        options.seed().orElse(0),
        options.endOfText(),
        TokenizeOptions.Duplicates.KEPT,
        OptionalLong.empty(),
        options.existing(),
        MalformedInput.REPLACE,
        SHARD_BYTES);
  }
}
