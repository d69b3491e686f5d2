package io.sparkformer.jobs.evaluate;

import static io.sparkformer.datasets.InvalidInputException.require;
import static org.apache.spark.sql.functions.abs;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.corr;
import static org.apache.spark.sql.functions.count;
import static org.apache.spark.sql.functions.expr;
import static org.apache.spark.sql.functions.lit;
import static org.apache.spark.sql.functions.min;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.sum;
import static org.apache.spark.sql.functions.when;

import io.sparkformer.jobs.input.LabelColumn;
import io.sparkformer.jobs.input.TableOptions;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;

/** Of models that say a number. */
record NumberMeasure(TableOptions table) implements TableMeasure {

  static NumberMeasure of(List<String> labels, TableOptions table) {
    require(
        labels.size() == 1,
        "the model is a regression to %d numbers (%s): only one number can be evaluated; score the table, and compare them yourself",
        labels.size(),
        String.join(", ", labels));
    return new NumberMeasure(table);
  }

  @Override
  public LabelColumn column() {
    return LabelColumn.NUMBERS;
  }

  @Override
  public Measured of(Dataset<Row> scored) {
    Column counts = col(LABEL).isNotNull().and(col("found").isNotNull());
    Column finite = abs(col("actual")).lt(Double.POSITIVE_INFINITY); // NaN is the greatest of all
    Column error = col("found").minus(col("actual"));
    Row sums =
        scored
            .select(
                col(LABEL),
                expr("try_cast(" + LABEL + " AS double)").as("actual"),
                expr(FOUND + ".score").as("found"))
            .agg(
                count(lit(1)),
                count(when(counts, 1)),
                min(when(counts.and(col("actual").isNull().or(not(finite))), col(LABEL))),
                sum(when(counts, error.multiply(error))),
                sum(when(counts, abs(error))),
                corr(col("actual"), col("found")))
            .first();
    long rows = sums.getLong(1);
    TableMeasure.requireRows(rows, table);
    require(
        sums.isNullAt(2),
        "the label '%s' of %s is no finite number, which the model's problem_type, regression, asks for: correct the table, or give another --label-column",
        sums.get(2),
        table.shownInputs());
    Double pearson = sums.isNullAt(5) || Double.isNaN(sums.getDouble(5)) ? null : sums.getDouble(5);
    return new Measured(
        new Figures.OfNumbers(sums.getDouble(3) / rows, sums.getDouble(4) / rows, pearson),
        rows,
        sums.getLong(0) - rows);
  }
}
