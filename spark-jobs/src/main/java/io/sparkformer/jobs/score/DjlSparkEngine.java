package io.sparkformer.jobs.score;

import static org.apache.spark.sql.functions.coalesce;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.when;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.input.ColumnNames;
import java.util.UUID;
import org.apache.hadoop.fs.Path;
import org.apache.spark.ml.Transformer;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Classification by DJL's own Spark extension, which is not shipped: it is looked up by name, and
 * set through Spark ML's parameters.
 *
 * <p>Source: github.com/deepjavalibrary/djl, extensions/spark, {@code
 * ai.djl.spark.task.text.TextClassifier}.
 */
final class DjlSparkEngine {

  private static final String CLASSIFIER = "ai.djl.spark.task.text.TextClassifier";

  private DjlSparkEngine() {}

  /**
   * Adds a column with what a model says of texts.
   *
   * @param textColumn of strings
   * @param outputColumn added last: struct&lt;class_names: array&lt;string&gt;, probabilities:
   *     array&lt;double&gt;, top_k: array&lt;string&gt;&gt;; null where the text is
   * @param modelPath of a directory as the export job writes it, which every executor sees
   * @throws InvalidInputException if the extension is not on the class path
   */
  static Dataset<Row> classify(
      Dataset<Row> table,
      String textColumn,
      String outputColumn,
      String modelPath,
      int topK,
      int batchSize) {
    return classify(classifier(), table, textColumn, outputColumn, modelPath, topK, batchSize);
  }

  /** As above, by a classifier with the extension's parameters. */
  static Dataset<Row> classify(
      Transformer classifier,
      Dataset<Row> table,
      String textColumn,
      String outputColumn,
      String modelPath,
      int topK,
      int batchSize) {
    // The extension fails on a null.
    Column text = ColumnNames.column(table, textColumn);
    String input = "text_" + UUID.randomUUID().toString().replace('-', '_');
    String known = "known_" + input;
    set(classifier, "inputCol", input);
    set(classifier, "outputCol", outputColumn);
    set(classifier, "engine", "PyTorch");
    set(classifier, "modelUrl", url(modelPath));
    set(classifier, "topK", topK);
    if (classifier.hasParam("batchSize")) { // which older versions fix
      set(classifier, "batchSize", batchSize);
    }
    Dataset<Row> scored =
        classifier.transform(
            table.withColumn(known, text.isNotNull()).withColumn(input, coalesce(text, lit(""))));
    Column output = ColumnNames.column(scored, outputColumn);
    return scored.withColumn(outputColumn, when(scored.col(known), output)).drop(input, known);
  }

  private static Transformer classifier() {
    try {
      return Class.forName(CLASSIFIER, true, Thread.currentThread().getContextClassLoader())
          .asSubclass(Transformer.class)
          .getDeclaredConstructor()
          .newInstance();
    } catch (ClassNotFoundException e) {
      throw new InvalidInputException(
          "--engine djl-spark needs DJL's Spark extension, which is not on the class path: build with"
              + " mvn -Pdjl-spark, or end the command with -- --packages ai.djl.spark:spark_2.12:0.35.1",
          e);
    } catch (ReflectiveOperationException | LinkageError e) {
      throw new InvalidInputException(
          String.format(
              "--engine djl-spark: the DJL Spark extension on the class path does not start (%s): use the"
                  + " one of version 0.35.1",
              e),
          e);
    }
  }

  private static void set(Transformer classifier, String parameter, Object value) {
    classifier.set(classifier.getParam(parameter), value);
  }

  /** DJL takes what has no scheme for the name of a model in its zoo. */
  private static String url(String modelPath) {
    Path path = Storage.path(modelPath);
    return path.toUri().getScheme() == null
        ? new java.io.File(modelPath).getAbsoluteFile().toURI().toString()
        : modelPath;
  }
}
