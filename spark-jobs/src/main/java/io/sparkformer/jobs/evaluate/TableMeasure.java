package io.sparkformer.jobs.evaluate;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.input.LabelColumn;
import io.sparkformer.jobs.input.TableOptions;
import io.sparkformer.predict.Classes;
import java.util.List;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** How a table's labels are compared with what a model says. */
interface TableMeasure {

  /** The column of labels in a scored table. */
  String LABEL = "label";

  /** The struct that scoring adds. */
  String FOUND = "prediction";

  /**
   * What was counted.
   *
   * @param figures over the rows
   * @param rows with a label and a result
   * @param skipped rows without
   */
  record Measured(Figures figures, long rows, long skipped) {}

  /**
   * The measure for a model.
   *
   * @param table for messages
   * @throws InvalidInputException if there is none
   */
  static TableMeasure of(Classes classes, TableOptions table) {
    return switch (classes.problem()) {
      case SINGLE_LABEL_CLASSIFICATION -> new ClassMeasure(classes.labels(), table);
      case MULTI_LABEL_CLASSIFICATION -> new LabelSetMeasure(classes.labels(), table);
      case REGRESSION -> NumberMeasure.of(classes.labels(), table);
    };
  }

  /** What the column of labels must hold. */
  LabelColumn column();

  /**
   * Counts on the cluster.
   *
   * @param scored with the columns {@value #LABEL} and {@value #FOUND}
   * @throws InvalidInputException if a label is none of the model's, or no row counts
   */
  Measured of(Dataset<Row> scored);

  /** Requires that something was counted. */
  static void requireRows(long rows, TableOptions table) {
    require(
        rows > 0,
        "%s has no row with both a label and a result: check --text-column and --label-column",
        table.shownInputs());
  }

  /** A label that the model does not have. */
  static InvalidInputException unknown(String label, TableOptions table, List<String> labels) {
    return new InvalidInputException(
        String.format(
            "the label '%s' of %s is none of the model's (%s): correct the table, or give the model that was trained on it",
            label, table.shownInputs(), String.join(", ", labels)));
  }
}
