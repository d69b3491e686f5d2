package io.sparkformer.jobs.evaluate;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.cluster.CorpusPass;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.jobs.input.Corpus;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.TableOptions;
import io.sparkformer.jobs.input.TableProblem;
import io.sparkformer.jobs.input.TableReader;
import io.sparkformer.jobs.input.TableSession;
import io.sparkformer.ml.ExecutorModels;
import io.sparkformer.ml.SequenceClassificationModel;
import java.io.IOException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How well a classifier does on a labelled table, scored and counted on the cluster. */
final class TableEvaluation {

  private static final Logger LOG = LoggerFactory.getLogger(TableEvaluation.class);

  private static final String TEXT = "text";

  private final TableOptions options;
  private final SequenceClassificationModel classifier;
  private final TableMeasure measure;

  /**
   * An evaluation.
   *
   * @param options with a label column
   * @param measure the classifier's
   */
  TableEvaluation(
      TableOptions options, SequenceClassificationModel classifier, TableMeasure measure) {
    this.options = options;
    this.classifier =
        classifier.setInputCol(TEXT).setOutputCol(TableMeasure.FOUND).setOnError("column");
    this.measure = measure;
  }

  /**
   * Scores and counts.
   *
   * @throws InvalidInputException if the table cannot be read, a label is none of the classifier's,
   *     or no row counts
   */
  EvaluateResult run(JavaSparkContext spark) {
    long startNanos = System.nanoTime();
    Dataset<Row> table =
        TableReader.read(TableSession.open(spark, options.format()), options, measure.column())
            .toDF(TEXT, TableMeasure.LABEL);
    TableMeasure.Measured measured;
    try (JobGroup group = JobGroup.begin(spark, "evaluate")) {
      measured =
          CorpusPass.watched(
              group,
              "evaluate",
              bytes(spark),
              "rows",
              () -> measure.of(classifier.transform(table)));
    } catch (Exception e) { // Spark's are checked ones, too, that Java cannot name
      throw TableProblem.unreadableFile(e)
          .<RuntimeException>map(mistake -> mistake)
          .orElseGet(() -> unchecked(e));
    } finally {
      ExecutorModels.closeIdle();
    }
    measured.figures().text().ifPresent(text -> LOG.info("\n{}", text));
    return new EvaluateResult(
        measured.figures(),
        measured.rows(),
        measured.skipped(),
        null,
        classifier.getOrDefault(classifier.modelPath()),
        String.join(" ", options.inputs()),
        (System.nanoTime() - startNanos) / 1e9);
  }

  /** How much is read; of tables of the catalog it is not known. */
  private long bytes(JavaSparkContext spark) throws IOException {
    return options.format() == InputFormat.TABLE
        ? 0
        : Corpus.find(options.inputs(), spark.hadoopConfiguration()).bytes();
  }

  private static RuntimeException unchecked(Exception e) {
    return e instanceof RuntimeException own ? own : new IllegalStateException(e);
  }
}
