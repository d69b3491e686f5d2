package io.sparkformer.ml;

import static org.apache.spark.sql.functions.date_from_unix_date;
import static org.apache.spark.sql.functions.timestamp_micros;
import static org.apache.spark.sql.functions.unix_date;
import static org.apache.spark.sql.functions.unix_micros;

import java.util.stream.IntStream;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.DayTimeIntervalType;
import org.apache.spark.sql.types.StructType;
import org.apache.spark.sql.types.YearMonthIntervalType;

/**
 * A table's columns while its rows are Java objects.
 *
 * <p>Not every value outlives that: bytes of a string that are not UTF-8, days that Java's old
 * calendar lacks, an interval's fields. So columns are given types that do, and numbers in place of
 * names, of which some may be the same.
 *
 * @param schema the table's own
 */
record CarriedColumns(StructType schema) {

  /** The columns as they are carried. */
  Dataset<Row> packed(Dataset<?> table) {
    Dataset<Row> numbered =
        table.toDF(IntStream.range(0, schema.length()).mapToObj(this::name).toArray(String[]::new));
    return numbered.select(
        IntStream.range(0, schema.length())
            .mapToObj(i -> packed(numbered.col(name(i)), type(i)).as(name(i)))
            .toArray(Column[]::new));
  }

  /**
   * The columns as they were, and those behind them.
   *
   * @param columns of the result: this table's first
   */
  Dataset<Row> unpacked(Dataset<Row> carried, StructType columns) {
    String[] names = carried.columns();
    return carried.select(
        IntStream.range(0, names.length)
            .mapToObj(
                i -> {
                  Column column = carried.col(names[i]);
                  return (i < schema.length() ? unpacked(column, type(i)) : column)
                      .as(columns.apply(i).name(), columns.apply(i).metadata());
                })
            .toArray(Column[]::new));
  }

  private String name(int column) {
    return "c" + column;
  }

  private DataType type(int column) {
    return schema.apply(column).dataType();
  }

  private static Column packed(Column column, DataType type) {
    if (type.equals(DataTypes.StringType)) {
      return column.cast(DataTypes.BinaryType);
    }
    if (type.equals(DataTypes.DateType)) {
      return unix_date(column);
    }
    return type.equals(DataTypes.TimestampType) ? unix_micros(column) : column;
  }

  private static Column unpacked(Column column, DataType type) {
    if (type.equals(DataTypes.DateType)) {
      return date_from_unix_date(column);
    }
    if (type.equals(DataTypes.TimestampType)) {
      return timestamp_micros(column);
    }
    boolean changed =
        type.equals(DataTypes.StringType)
            || type instanceof YearMonthIntervalType
            || type instanceof DayTimeIntervalType;
    return changed ? column.cast(type) : column;
  }
}
