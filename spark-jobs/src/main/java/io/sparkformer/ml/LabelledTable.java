package io.sparkformer.ml;

import static io.sparkformer.datasets.InvalidInputException.require;
import static org.apache.spark.sql.functions.col;
import static org.apache.spark.sql.functions.floor;
import static org.apache.spark.sql.functions.not;
import static org.apache.spark.sql.functions.when;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.input.ColumnNames;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * A DataFrame's texts and labels.
 *
 * @param textColumn its column of texts
 * @param labelColumn its column of labels: strings, booleans, integers or, as Spark ML has them,
 *     whole doubles
 */
record LabelledTable(Dataset<?> rows, String textColumn, String labelColumn) {

  static final String TEXT = "text";
  static final String LABEL = "label";

  private static final Set<DataType> FRACTIONAL = Set.of(DataTypes.DoubleType, DataTypes.FloatType);
  private static final Set<DataType> LABELS =
      Set.of(
          DataTypes.StringType,
          DataTypes.BooleanType,
          DataTypes.ByteType,
          DataTypes.ShortType,
          DataTypes.IntegerType,
          DataTypes.LongType,
          DataTypes.DoubleType,
          DataTypes.FloatType);

  /** Doubles hold every whole number up to here. */
  private static final double LARGEST_WHOLE = 1L << 53;

  /**
   * Checks the columns.
   *
   * @throws InvalidInputException if one is missing or of a wrong type
   */
  static void requireColumns(StructType schema, String textColumn, String labelColumn) {
    require(
        !textColumn.equals(labelColumn),
        "inputCol and labelCol are both %s: name a column each",
        textColumn);
    DataType text = field(schema, "inputCol", textColumn).dataType();
    require(
        text.equals(DataTypes.StringType),
        "inputCol %s is of type %s: name a column of strings",
        textColumn,
        text.simpleString());
    DataType label = field(schema, "labelCol", labelColumn).dataType();
    require(
        LABELS.contains(label),
        "labelCol %s is of type %s: name a column of strings, booleans, integers or whole doubles",
        labelColumn,
        label.simpleString());
  }

  private static StructField field(StructType schema, String param, String name) {
    return Arrays.stream(schema.fields())
        .filter(field -> field.name().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidInputException(
                    "the DataFrame has no column '%s' (%s): use one of %s"
                        .formatted(name, param, String.join(", ", schema.fieldNames()))));
  }

  /** Both columns as strings, of the names {@link #TEXT} and {@link #LABEL}. */
  Dataset<Row> strings() {
    return rows.select(ColumnNames.column(rows, textColumn).as(TEXT), label().as(LABEL));
  }

  private Column label() {
    Column label = ColumnNames.column(rows, labelColumn);
    Column asItIs = label.cast(DataTypes.StringType);
    return isFractional()
        ? when(
                label.equalTo(floor(label)).and(label.between(-LARGEST_WHOLE, LARGEST_WHOLE)),
                label.cast(DataTypes.LongType).cast(DataTypes.StringType))
            .otherwise(asItIs)
        : asItIs;
  }

  private boolean isFractional() {
    DataType type = field(rows.schema(), "labelCol", labelColumn).dataType();
    return FRACTIONAL.contains(type);
  }

  /**
   * Checks what a classifier needs of the labels.
   *
   * @param stored what {@link #strings} gave
   * @throws InvalidInputException if they are fewer than two, or not whole
   */
  void requireLabels(Dataset<Row> stored) {
    Dataset<Row> labels =
        stored.where(col(TEXT).notEqual("").and(col(LABEL).isNotNull())).select(LABEL).distinct();
    if (isFractional()) {
      List<String> broken = some(labels.where(not(col(LABEL).rlike("^-?[0-9]+$"))), 1);
      require(
          broken.isEmpty(),
          "labelCol %s holds %s: doubles must be whole numbers: cast the column to strings",
          labelColumn,
          String.join("", broken));
    }
    List<String> found = some(labels, 2);
    require(
        !found.isEmpty(),
        "the DataFrame has no row with both a text (%s) and a label (%s): give some",
        textColumn,
        labelColumn);
    require(
        found.size() > 1,
        "labelCol %s has one label, '%s': classification needs at least two",
        labelColumn,
        found.get(0));
  }

  private static List<String> some(Dataset<Row> labels, int most) {
    return labels.limit(most).as(Encoders.STRING()).collectAsList();
  }
}
