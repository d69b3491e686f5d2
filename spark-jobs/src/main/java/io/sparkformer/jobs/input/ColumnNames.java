package io.sparkformer.jobs.input;

import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;

/** Columns by their names, whatever characters these have. */
public final class ColumnNames {

  private ColumnNames() {}

  /** A table's column; dots in the name are no paths. */
  public static Column column(Dataset<?> table, String name) {
    return table.col("`" + name.replace("`", "``") + "`");
  }
}
