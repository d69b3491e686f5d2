package io.sparkformer.jobs.input;

import java.net.URI;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/** Tables as Spark SQL reads them, all columns. */
public final class TableInput {

  private static final int FILES_TO_BLAME = 100;

  private TableInput() {}

  /**
   * Opens tables; reads no more than schemas need, but JSON, whose schema is in all of its lines.
   *
   * @param inputs files, directories or globs; of {@link InputFormat#TABLE}, names
   * @return the inputs together, or one by one where Spark reads no more at once
   */
  public static List<Dataset<Row>> open(
      SparkSession spark, InputFormat format, List<String> inputs) {
    String[] paths = inputs.toArray(String[]::new);
    return switch (format) {
      case DELTA ->
          inputs.stream().map(input -> spark.read().format(format.option()).load(input)).toList();
      case TABLE -> inputs.stream().map(spark.read()::table).toList();
      case JSON -> List.of(spark.read().option("mode", "FAILFAST").json(paths));
      case PARQUET, ORC -> List.of(columnar(spark, format, paths));
      case CSV ->
          List.of(
              spark
                  .read()
                  .option("header", "true")
                  .option("multiLine", "true")
                  .option("escape", "\"")
                  .option("mode", "FAILFAST")
                  // Files whose header differs, and rows with too few or too many columns, are
                  // errors.
                  .option("enforceSchema", "false")
                  .option("columnPruning", "false")
                  .csv(paths));
      default -> throw new IllegalStateException(format + " is no table's format");
    };
  }

  private static Dataset<Row> columnar(SparkSession spark, InputFormat format, String[] inputs) {
    try {
      return spark.read().format(format.option()).load(inputs);
    } catch (Exception e) { // checked ones, too
      // A schema is one of the first files', but not every reader says which file is damaged.
      Arrays.stream(spark.read().format("binaryFile").load(inputs).inputFiles())
          .limit(FILES_TO_BLAME)
          .forEach(file -> requireSchema(spark, format, file));
      throw e;
    }
  }

  private static void requireSchema(SparkSession spark, InputFormat format, String encodedFile) {
    try {
      spark.read().format(format.option()).load(new Path(URI.create(encodedFile)).toString());
    } catch (Exception e) { // checked ones, too
      TableProblem.unreadable(e, TableProblem.shownPath(encodedFile))
          .ifPresent(
              mistake -> {
                throw mistake;
              });
    }
  }
}
