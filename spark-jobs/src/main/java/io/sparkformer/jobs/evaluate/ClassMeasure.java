package io.sparkformer.jobs.evaluate;

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

import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.jobs.input.LabelColumn;
import io.sparkformer.jobs.input.TableOptions;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Of models that choose one label.
 *
 * @param labels the model's, by id
 */
record ClassMeasure(List<String> labels, TableOptions table) implements TableMeasure {

  private static final double LEAST_PROBABILITY = 1e-300;

  @Override
  public LabelColumn column() {
    return LabelColumn.NAMES;
  }

  @Override
  public Measured of(Dataset<Row> scored) {
    long[][] confusion = new long[labels.size()][labels.size()];
    double loss = 0;
    long rows = 0;
    long skipped = 0;
    for (Row group : grouped(scored)) {
      long number = group.getLong(2);
      if (group.isNullAt(0) || group.isNullAt(1)) {
        skipped += number;
        continue;
      }
      confusion[label(group.getString(0))][label(group.getString(1))] += number;
      loss += group.getDouble(3);
      rows += number;
    }
    TableMeasure.requireRows(rows, table);
    return new Measured(
        Figures.OfClasses.of(loss / rows, new ConfusionMatrix(labels, confusion)), rows, skipped);
  }

  private static List<Row> grouped(Dataset<Row> scored) {
    Column names = col(FOUND + ".class_names");
    Column probability =
        element_at(col(FOUND + ".probabilities"), array_position(names, col(LABEL)).cast("int"));
    return scored
        .withColumn("known", array_contains(names, col(LABEL)))
        .withColumn(
            "loss",
            when(col("known"), log(greatest(probability, lit(LEAST_PROBABILITY))).multiply(-1)))
        .groupBy(col(LABEL), expr(FOUND + ".label").as("found"))
        .agg(count(lit(1)), sum("loss"))
        .collectAsList();
  }

  private int label(String name) {
    int label = labels.indexOf(name);
    if (label < 0) {
      throw TableMeasure.unknown(name, table, labels);
    }
    return label;
  }
}
