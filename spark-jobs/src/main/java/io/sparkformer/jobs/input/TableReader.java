package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
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

  private static final Set<DataType> LABELS =
      Set.of(
          DataTypes.StringType,
          DataTypes.BooleanType,
          DataTypes.ByteType,
          DataTypes.ShortType,
          DataTypes.IntegerType,
          DataTypes.LongType);

  /** Lines of JSON from whose types a mistaken column is seen, without reading all twice. */
  private static final int SAMPLE_LINES = 20;

  private static final String CORRUPT = "_corrupt_record";

  private final SparkSession spark;
  private final TableOptions options;

  private TableReader(SparkSession spark, TableOptions options) {
    this.spark = spark;
    this.options = options;
  }

  /**
   * Finds the columns; reads no more than schemas need.
   *
   * @throws InvalidInputException if an input or a column is missing, or of a wrong type
   */
  public static Dataset<Row> read(SparkSession spark, TableOptions options) {
    try {
      return new TableReader(spark, options).columns();
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
   * All columns as strings, for Spark would read everything to find their types; these are looked
   * up in the first lines.
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
      if (Arrays.asList(found.fieldNames()).contains(column)) {
        requireType(found.apply(column));
      }
      strings = strings.add(column, DataTypes.StringType);
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
    for (String name : options.columns()) {
      StructField field =
          Arrays.stream(table.schema().fields())
              .filter(f -> f.name().equals(name))
              .findFirst()
              .orElseThrow(() -> missing(name, table.schema()));
      requireType(field);
      columns.add(ColumnNames.column(table, name).cast(DataTypes.StringType));
    }
    return table.select(columns.toArray(Column[]::new));
  }

  private void requireType(StructField field) {
    String type = field.dataType().simpleString();
    if (field.name().equals(options.textColumn())) {
      require(
          field.dataType().equals(DataTypes.StringType),
          "--text-column %s is of type %s: name a column of strings",
          field.name(),
          type);
    } else {
      require(
          LABELS.contains(field.dataType()),
          "--label-column %s is of type %s: name a column of strings, booleans or integers",
          field.name(),
          type);
    }
  }

  private InvalidInputException missing(String name, StructType schema) {
    String option = name.equals(options.textColumn()) ? "--text-column" : "--label-column";
    return new InvalidInputException(
        String.format(
            "%s has no column '%s' (%s): use one of %s",
            options.shownInputs(), name, option, String.join(", ", schema.fieldNames())));
  }
}
