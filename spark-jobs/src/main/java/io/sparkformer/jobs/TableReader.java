package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import java.net.URI;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/** A request's columns as Spark SQL's plan, with the text first and the label second. */
final class TableReader {

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

  private static final int FILES_TO_BLAME = 100;

  private static final String CORRUPT = "_corrupt_record";

  private final SparkSession spark;
  private final TableRequest request;

  private TableReader(SparkSession spark, TableRequest request) {
    this.spark = spark;
    this.request = request;
  }

  /**
   * Finds the columns; reads no more than schemas need.
   *
   * @throws InvalidInputException if an input or a column is missing, or of a wrong type
   */
  static Dataset<Row> read(SparkSession spark, TableRequest request) {
    try {
      return new TableReader(spark, request).columns();
    } catch (InvalidInputException e) {
      throw e;
    } catch (Exception e) { // Spark's analysis throws checked exceptions that Java cannot name.
      throw TableProblem.explain(e, request);
    }
  }

  private Dataset<Row> columns() {
    return request.inputs().stream()
        .skip(1)
        .filter(input -> isReadOneByOne())
        .map(input -> selected(one(input)))
        .reduce(selected(first()), Dataset::unionAll);
  }

  private boolean isReadOneByOne() {
    return request.format() == InputFormat.DELTA || request.format() == InputFormat.TABLE;
  }

  private Dataset<Row> first() {
    String[] inputs = request.inputs().toArray(String[]::new);
    return switch (request.format()) {
      case DELTA, TABLE -> one(inputs[0]);
      case JSON -> json(inputs);
      case PARQUET, ORC -> columnar(inputs);
      case CSV ->
          spark
              .read()
              .option("header", "true")
              .option("multiLine", "true")
              .option("escape", "\"")
              .option("mode", "FAILFAST")
              // Files whose header differs, and rows with too few or too many columns, are errors.
              .option("enforceSchema", "false")
              .option("columnPruning", "false")
              .csv(inputs);
      default -> throw new IllegalStateException(request.format() + " is no table's format");
    };
  }

  private Dataset<Row> one(String input) {
    return request.format() == InputFormat.TABLE
        ? spark.read().table(input)
        : spark.read().format(request.format().option()).load(input);
  }

  private Dataset<Row> columnar(String[] inputs) {
    try {
      return spark.read().format(request.format().option()).load(inputs);
    } catch (Exception e) { // checked ones, too
      // A schema is one of the first files', but not every reader says which file is damaged.
      Arrays.stream(spark.read().format("binaryFile").load(inputs).inputFiles())
          .limit(FILES_TO_BLAME)
          .forEach(this::requireSchema);
      throw e;
    }
  }

  private void requireSchema(String encodedFile) {
    try {
      spark
          .read()
          .format(request.format().option())
          .load(new Path(URI.create(encodedFile)).toString());
    } catch (Exception e) { // checked ones, too
      TableProblem.unreadable(e, TableProblem.shownPath(encodedFile))
          .ifPresent(
              mistake -> {
                throw mistake;
              });
    }
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
    for (String column : request.columns()) {
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
    return names.contains(CORRUPT) || names.containsAll(request.columns());
  }

  private Dataset<Row> selected(Dataset<Row> table) {
    List<Column> columns = new ArrayList<>();
    for (String name : request.columns()) {
      StructField field =
          Arrays.stream(table.schema().fields())
              .filter(f -> f.name().equals(name))
              .findFirst()
              .orElseThrow(() -> missing(name, table.schema()));
      requireType(field);
      String quoted = "`" + name.replace("`", "``") + "`";
      columns.add(table.col(quoted).cast(DataTypes.StringType));
    }
    return table.select(columns.toArray(Column[]::new));
  }

  private void requireType(StructField field) {
    String type = field.dataType().simpleString();
    if (field.name().equals(request.textColumn())) {
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
    String option = name.equals(request.textColumn()) ? "--text-column" : "--label-column";
    return new InvalidInputException(
        String.format(
            "%s has no column '%s' (%s): use one of %s",
            request.shownInputs(), name, option, String.join(", ", schema.fieldNames())));
  }
}
