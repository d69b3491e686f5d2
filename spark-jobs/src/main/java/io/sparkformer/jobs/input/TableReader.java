package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** The columns that are asked for as Spark SQL's plan, with the text first and the label second. */
public final class TableReader {

  /** Lines of JSON from whose types a mistaken column is seen, without reading all twice. */
  private static final int SAMPLE_LINES = 20;

  private static final String CORRUPT = "_corrupt_record";

  private final SparkSession spark;
  private final TableOptions options;
  private final LabelColumn labels;

  private TableReader(SparkSession spark, TableOptions options, LabelColumn labels) {
    this.spark = spark;
    this.options = options;
    this.labels = labels;
  }

  /**
   * Finds the columns; reads no more than schemas need.
   *
   * @param labels what the column of labels holds, if there is one
   * @throws InvalidInputException if an input or a column is missing, or of a wrong type
   */
  public static Dataset<Row> read(SparkSession spark, TableOptions options, LabelColumn labels) {
    try {
      return new TableReader(spark, options, labels).columns();
    } catch (InvalidInputException e) {
      throw e;
    } catch (Exception e) { // Spark's analysis throws checked exceptions that Java cannot name.
      throw TableProblem.explain(e, options);
    }
  }

  private Dataset<Row> columns() {
    if (options.format() == InputFormat.JSON) {
      return selected(json(options.inputs().toArray(String[]::new)));
    }
    return TableInput.open(spark, options.format(), options.inputs()).stream()
        .map(this::selected)
        .reduce(Dataset::unionAll)
        .orElseThrow();
  }

  /**
   * All columns as strings, or arrays of them, for Spark would read everything to find their types;
   * these are looked up in the first lines.
   */
  private Dataset<Row> json(String[] inputs) {
    List<String> lines = spark.read().textFile(inputs).takeAsList(SAMPLE_LINES);
    StructType found = spark.read().json(spark.createDataset(lines, Encoders.STRING())).schema();
    if (!isChecked(found)) {
      Dataset<Row> whole = spark.read().json(inputs);
      found = whole.schema();
      if (!isChecked(found)) {
        return whole;
      }
    }
    StructType strings = new StructType();
    for (String column : options.columns()) {
      DataType type = DataTypes.StringType;
      if (Arrays.asList(found.fieldNames()).contains(column)) {
        requireType(found.apply(column));
        type = isText(column) ? type : labels.inJson(found.apply(column).dataType());
      }
      strings = strings.add(column, type);
    }
    return spark.read().schema(strings).option("mode", "FAILFAST").json(inputs);
  }

  /** Whether columns are there, or a malformed line, which reading will report with its file. */
  private boolean isChecked(StructType schema) {
    List<String> names = Arrays.asList(schema.fieldNames());
    return names.contains(CORRUPT) || names.containsAll(options.columns());
  }

  private Dataset<Row> selected(Dataset<Row> table) {
    List<Column> columns = new ArrayList<>();
    requireType(field(options.textColumn(), table.schema()));
    columns.add(ColumnNames.column(table, options.textColumn()));
    for (String name : options.labelColumn().stream().toList()) {
      StructField field = field(name, table.schema());
      requireType(field);
      columns.add(labels.read(ColumnNames.column(table, name), field.dataType()));
    }
    return table.select(columns.toArray(Column[]::new));
  }

  private StructField field(String name, StructType schema) {
    return Arrays.stream(schema.fields())
        .filter(field -> field.name().equals(name))
        .findFirst()
        .orElseThrow(() -> missing(name, schema));
  }

  private void requireType(StructField field) {
    String type = field.dataType().simpleString();
    if (isText(field.name())) {
      require(
          field.dataType().equals(DataTypes.StringType),
          "--text-column %s is of type %s: name a column of strings",
          field.name(),
          type);
    } else {
      require(
          labels.takes(field.dataType()),
          "--label-column %s is of type %s: name a column of %s",
          field.name(),
          type,
          labels.types());
    }
  }

  private boolean isText(String column) {
    return column.equals(options.textColumn());
  }

  private InvalidInputException missing(String name, StructType schema) {
    String option = isText(name) ? "--text-column" : "--label-column";
    return new InvalidInputException(
        String.format(
            "%s has no column '%s' (%s): use one of %s",
            options.shownInputs(), name, option, String.join(", ", schema.fieldNames())));
  }
}
