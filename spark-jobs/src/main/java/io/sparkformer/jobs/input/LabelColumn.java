package io.sparkformer.jobs.input;

import static org.apache.spark.sql.functions.array_remove;
import static org.apache.spark.sql.functions.split;

import java.util.Set;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.DataType;
import org.apache.spark.sql.types.DataTypes;
import org.apache.spark.sql.types.NumericType;

/** What a table's column of labels holds. */
public enum LabelColumn {
  /** One label a row, read as a string. */
  NAMES("strings, booleans or integers") {
    @Override
    boolean takes(DataType type) {
      return SINGLE.contains(type);
    }

    @Override
    Column read(Column column, DataType type) {
      return column.cast(DataTypes.StringType);
    }
  },

  /**
   * Any number of labels a row, read as an array. In a string there is a | between them; one alone
   * stands for no labels, for Spark takes an empty field of CSV for null.
   */
  SETS("arrays of strings, or of strings with a | between labels") {
    @Override
    boolean takes(DataType type) {
      return SINGLE.contains(type) || isArray(type);
    }

    @Override
    Column read(Column column, DataType type) {
      return isArray(type)
          ? column.cast(STRINGS)
          : array_remove(split(column.cast(DataTypes.StringType), "\\|"), "");
    }

    @Override
    DataType inJson(DataType found) {
      return isArray(found) ? STRINGS : super.inJson(found);
    }
  },

  /** A number a row, read as a string. */
  NUMBERS("numbers, or of strings that are numbers") {
    @Override
    boolean takes(DataType type) {
      return type instanceof NumericType || type.equals(DataTypes.StringType);
    }

    @Override
    Column read(Column column, DataType type) {
      return column.cast(DataTypes.StringType);
    }
  };

  private static final DataType STRINGS = DataTypes.createArrayType(DataTypes.StringType);

  private static final Set<DataType> SINGLE =
      Set.of(
          DataTypes.StringType,
          DataTypes.BooleanType,
          DataTypes.ByteType,
          DataTypes.ShortType,
          DataTypes.IntegerType,
          DataTypes.LongType);

  private final String types;

  LabelColumn(String types) {
    this.types = types;
  }

  private static boolean isArray(DataType type) {
    return type instanceof ArrayType array && SINGLE.contains(array.elementType());
  }

  /** The types of columns that will do, for messages: "a column of". */
  String types() {
    return types;
  }

  abstract boolean takes(DataType type);

  abstract Column read(Column column, DataType type);

  /** The type with which JSON is read, in which the first lines' values have another. */
  DataType inJson(DataType found) {
    return DataTypes.StringType;
  }
}
