package io.sparkformer.jobs.score;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.input.ColumnNames;
import io.sparkformer.jobs.input.Corpus;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.TableInput;
import io.sparkformer.jobs.input.TableOptions;
import io.sparkformer.jobs.input.TableProblem;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;

/**
 * The rows to score.
 *
 * @param table the columns to keep, and the text
 * @param roots the files and directories that are read; none of tables of the catalog
 * @param bytes of the files; 0 if they are not known
 */
record ScoreInput(Dataset<Row> table, List<Path> roots, long bytes) {

  /**
   * Finds the tables.
   *
   * @throws InvalidInputException if an input or a column is missing, or the condition is not one
   */
  static ScoreInput open(SparkSession spark, ScoreOptions options, String textColumn) {
    TableOptions read =
        new TableOptions(options.format(), options.inputs(), textColumn, Optional.empty());
    Configuration hadoop = spark.sparkContext().hadoopConfiguration();
    List<Path> roots = List.of();
    long bytes = 0;
    if (options.format() != InputFormat.TABLE) {
      Corpus corpus = Corpus.find(options.inputs(), hadoop);
      roots = corpus.roots();
      bytes = corpus.bytes();
    }
    Dataset<Row> all;
    try {
      all =
          TableInput.open(spark, options.format(), options.inputs()).stream()
              .reduce(Dataset::unionByName)
              .orElseThrow();
    } catch (InvalidInputException e) {
      throw e;
    } catch (Exception e) { // Spark's analysis throws checked exceptions that Java cannot name.
      throw TableProblem.explain(e, read);
    }
    requireColumns("--text-column", List.of(textColumn), all, read);
    requireColumns("--columns", options.columns(), all, read);
    Dataset<Row> wanted = options.where().map(condition -> where(all, condition)).orElse(all);
    return new ScoreInput(kept(wanted, options.columns(), textColumn), roots, bytes);
  }

  private static Dataset<Row> where(Dataset<Row> table, String condition) {
    try {
      return table.where(condition);
    } catch (Exception e) { // AnalysisException is checked, though its methods do not say so
      if (e instanceof AnalysisException analysis) {
        throw new InvalidInputException(
            String.format(
                "--where %s is no condition on this table (%s): correct it",
                condition, TableProblem.reasonOf(analysis)),
            e);
      }
      throw e;
    }
  }

  private static Dataset<Row> kept(Dataset<Row> table, List<String> columns, String textColumn) {
    if (columns.isEmpty()) {
      return table;
    }
    List<String> read = new ArrayList<>(columns);
    if (!columns.contains(textColumn)) {
      read.add(textColumn);
    }
    return table.select(named(table, read));
  }

  /** Columns by name, whatever characters the names have. */
  static Column[] named(Dataset<Row> table, List<String> names) {
    return names.stream().map(name -> ColumnNames.column(table, name)).toArray(Column[]::new);
  }

  private static void requireColumns(
      String option, List<String> names, Dataset<Row> table, TableOptions read) {
    if (table.columns().length == 0) {
      throw new InvalidInputException(
          read.shownInputs() + " has neither rows nor columns: give a table that has");
    }
    for (String name : names) {
      if (!Arrays.asList(table.columns()).contains(name)) {
        throw new InvalidInputException(
            String.format(
                "%s has no column '%s' (%s): use one of %s",
                read.shownInputs(), name, option, String.join(", ", table.columns())));
      }
    }
  }
}
