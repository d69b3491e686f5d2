package io.sparkformer.jobs.evaluate;

import static io.sparkformer.datasets.InvalidInputException.require;
import static org.apache.spark.sql.functions.array_contains;
import static org.apache.spark.sql.functions.array_position;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.element_at;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.greatest;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.log;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.evaluation.ClassificationReport;
import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.jobs.input.TableOptions;
import io.sparkformer.jobs.input.TableProblem;
import io.sparkformer.jobs.input.TableReader;
import io.sparkformer.jobs.input.TableSession;
import io.sparkformer.ml.ExecutorModels;
import io.sparkformer.ml.SequenceClassificationModel;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How well a classifier does on a labelled table, scored and counted on the cluster. */
final class TableEvaluation {

  private static final Logger LOG = LoggerFactory.getLogger(TableEvaluation.class);

  private static final String TEXT = "text";
  private static final String LABEL = "label";
  private static final String FOUND = "prediction";
  private static final double LEAST_PROBABILITY = 1e-300;

  private final TableOptions options;
  private final SequenceClassificationModel classifier;
  private final List<String> labels;

  /**
   * An evaluation.
   *
   * @param options with a label column
   * @param labels the classifier's, by id
   */
  TableEvaluation(
      TableOptions options, SequenceClassificationModel classifier, List<String> labels) {
    this.options = options;
    this.classifier = classifier.setInputCol(TEXT).setOutputCol(FOUND).setOnError("column");
    this.labels = labels;
  }

  /**
   * What was counted.
   *
   * @param lossSum negative log likelihoods of the labels, in nats
   * @param confusion [labels, labels], rows are what is right
   * @param skipped rows without a label, or without a result
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by no one.
  private record Counts(double lossSum, long[][] confusion, long rows, long skipped) {}

  /**
   * Scores and counts.
   *
   * @throws InvalidInputException if the table cannot be read, a label is none of the classifier's,
   *     or no row counts
   */
  EvaluateResult run(JavaSparkContext spark) {
    long startNanos = System.nanoTime();
    Dataset<Row> table =
        TableReader.read(TableSession.open(spark, options.format()), options).toDF(TEXT, LABEL);
    Counts counts;
    try {
      counts = counts(grouped(table));
    } catch (Exception e) { // Spark's are checked ones, too, that Java cannot name
      throw TableProblem.unreadableFile(e)
          .<RuntimeException>map(mistake -> mistake)
          .orElseGet(() -> unchecked(e));
    } finally {
      ExecutorModels.closeIdle();
    }
    ConfusionMatrix confusion = new ConfusionMatrix(labels, counts.confusion());
    ClassificationReport report = ClassificationReport.of(confusion);
    LOG.info("\n{}\n{}", report.text(), confusion.text());
    return new EvaluateResult(
        counts.lossSum() / counts.rows(),
        report.accuracy(),
        null,
        null,
        counts.rows(),
        report,
        confusion,
        counts.skipped(),
        null,
        classifier.getOrDefault(classifier.modelPath()),
        String.join(" ", options.inputs()),
        (System.nanoTime() - startNanos) / 1e9);
  }

  private static RuntimeException unchecked(Exception e) {
    return e instanceof RuntimeException own ? own : new IllegalStateException(e);
  }

  private List<Row> grouped(Dataset<Row> table) {
    Column names = col(FOUND + ".class_names");
    Column probability =
        element_at(col(FOUND + ".probabilities"), array_position(names, col(LABEL)).cast("int"));
    return classifier
        .transform(table)
        .withColumn("known", array_contains(names, col(LABEL)))
        .withColumn(
            "loss",
            when(col("known"), log(greatest(probability, lit(LEAST_PROBABILITY))).multiply(-1)))
        .groupBy(col(LABEL), expr(FOUND + ".label").as("found"))
        .agg(count(lit(1)), sum("loss"))
        .collectAsList();
  }

  private Counts counts(List<Row> groups) {
    long[][] confusion = new long[labels.size()][labels.size()];
    double loss = 0;
    long rows = 0;
    long skipped = 0;
    for (Row group : groups) {
      long number = group.getLong(2);
      if (group.isNullAt(0) || group.isNullAt(1)) {
        skipped += number;
        continue;
      }
      confusion[label(group.getString(0))][label(group.getString(1))] += number;
      loss += group.getDouble(3);
      rows += number;
    }
    require(
        rows > 0,
        "%s has no row with both a label and a result: check --text-column and --label-column",
        options.shownInputs());
    return new Counts(loss, confusion, rows, skipped);
  }

  private int label(String name) {
    int label = labels.indexOf(name);
    require(
        label >= 0,
        "the label '%s' of %s is none of the model's (%s): correct the table, or give the model that was trained on it",
        name,
        options.shownInputs(),
        String.join(", ", labels));
    return label;
  }
}
