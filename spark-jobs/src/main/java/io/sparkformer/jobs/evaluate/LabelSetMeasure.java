package io.sparkformer.jobs.evaluate;

import static org.apache.spark.sql.functions.col;

import io.sparkformer.jobs.input.LabelColumn;
import io.sparkformer.jobs.input.TableOptions;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/**
 * Of models that find any number of labels.
 *
 * @param labels the model's, by id
 */
record LabelSetMeasure(List<String> labels, TableOptions table) implements TableMeasure {

  @Override
  public LabelColumn column() {
    return LabelColumn.SETS;
  }

  @Override
  public Measured of(Dataset<Row> scored) {
    LabelSetCounts counts =
        scored
            .select(
                col(LABEL),
                col(FOUND + ".class_names"),
                col(FOUND + ".probabilities"),
                col(FOUND + ".labels"))
            .toJavaRDD()
            .aggregate(
                new LabelSetCounts(labels), LabelSetCounts::counting, LabelSetCounts::merged);
    counts
        .unknown()
        .ifPresent(
            label -> {
              throw TableMeasure.unknown(label, table, labels);
            });
    TableMeasure.requireRows(counts.rows(), table);
    return new Measured(counts.figures(), counts.rows(), counts.skipped());
  }
}
