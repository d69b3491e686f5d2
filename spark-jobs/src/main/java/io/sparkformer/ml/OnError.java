package io.sparkformer.ml;

import io.sparkformer.datasets.InvalidInputException;
import org.apache.spark.sql.Row;

/** What becomes of a row whose text has no result. */
public enum OnError {
  /** The struct has nothing but the error. */
  COLUMN,
  /** There is no struct. */
  NULL,
  /** The job fails. */
  FAIL;

  /**
   * What is shown of a row without a result.
   *
   * @param failed the struct with its error
   * @param where the row is
   * @return null if users asked for that
   * @throws InvalidInputException if they asked for failure
   */
  Row shown(Row failed, String where) {
    if (this == FAIL) {
      throw new InvalidInputException(
          String.format(
              "%s has no result (%s): correct it, or set onError (--on-error) to column or null",
              where, failed.getString(failed.length() - 1)));
    }
    return this == COLUMN ? failed : null;
  }

  /**
   * By the name that users write.
   *
   * @throws InvalidInputException if there is none such
   */
  public static OnError of(String name) {
    return switch (name) {
      case "column" -> COLUMN;
      case "null" -> NULL;
      case "fail" -> FAIL;
      default ->
          throw new InvalidInputException("onError is '" + name + "': use column, null or fail");
    };
  }
}
