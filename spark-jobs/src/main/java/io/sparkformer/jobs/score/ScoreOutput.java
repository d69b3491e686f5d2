package io.sparkformer.jobs.score;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.jobs.input.ColumnNames;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.TableInput;
import io.sparkformer.jobs.output.ExistingOutput;
import io.sparkformer.jobs.output.OutputDirectory;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.sql.Column;
import org.apache.spark.sql.DataFrameWriter;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SaveMode;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.functions;
import org.apache.spark.sql.types.ArrayType;
import org.apache.spark.sql.types.MapType;
import org.apache.spark.sql.types.StructField;
import org.apache.spark.sql.types.StructType;

/**
 * Where scored rows go.
 *
 * <p>New files, and those that replace others, are written beside their place and renamed when they
 * are complete. What is appended, Delta tables and tables of the catalog are left to Spark's own
 * commit.
 */
final class ScoreOutput {

  /** What this job made, and may replace; readers take no notice of names with _ in front. */
  private static final String MARKER = "_SPARKFORMER";

  private final ScoreOptions options;
  private final JobGroup group;

  /**
   * @param group that the jobs which write are in
   */
  ScoreOutput(ScoreOptions options, JobGroup group) {
    this.options = options;
    this.group = group;
  }

  /**
   * Checks what can be checked before anything is read.
   *
   * @throws InvalidInputException if the output exists and may not, or overlaps an input
   */
  void check(SparkSession spark, List<Path> inputs) throws IOException {
    if (options.outputFormat() == InputFormat.TABLE) {
      require(
          options.existing() != ScoreOptions.Existing.REFUSE
              || !spark.catalog().tableExists(options.output()),
          "--output %s exists: pass --append or --overwrite, or choose another table",
          options.output());
      return;
    }
    Path output = Storage.path(options.output());
    FileSystem fileSystem = Storage.fileSystem(output, spark.sparkContext().hadoopConfiguration());
    OutputDirectory.requireApart(output, inputs, fileSystem);
    require(
        options.existing() != ScoreOptions.Existing.REFUSE || !fileSystem.exists(output),
        "--output %s exists: pass --append or --overwrite, or choose another directory",
        options.output());
  }

  /** Writes. */
  void write(Dataset<Row> scored, List<Path> inputs) throws IOException {
    Dataset<Row> rows = options.outputFormat() == InputFormat.CSV ? flat(scored) : scored;
    requirePartitionColumns(rows.schema());
    if (options.existing() == ScoreOptions.Existing.APPEND && options.isFiles()) {
      append(rows);
      return;
    }
    if (!options.isFiles()) {
      save(rows, options.output(), mode());
      return;
    }
    ExistingOutput existing =
        options.existing() == ScoreOptions.Existing.REPLACE
            ? ExistingOutput.REPLACE
            : ExistingOutput.REFUSE;
    Configuration hadoop = scored.sparkSession().sparkContext().hadoopConfiguration();
    try (OutputDirectory output =
        OutputDirectory.prepare(options.output(), MARKER, existing, inputs, hadoop)) {
      output.startAfresh();
      output.whenLost(group::cancel);
      try {
        save(rows, output.staging().toString(), SaveMode.Append);
      } catch (Exception e) { // Spark's are checked ones, too
        group.giveUp(e);
        throw e;
      }
      mark(output.fileSystem(), output.staging());
      output.commit();
    }
  }

  private static void mark(FileSystem fileSystem, Path directory) throws IOException {
    fileSystem.create(new Path(directory, MARKER), true).close();
  }

  private void append(Dataset<Row> rows) throws IOException {
    Path output = Storage.path(options.output());
    FileSystem fileSystem =
        Storage.fileSystem(output, rows.sparkSession().sparkContext().hadoopConfiguration());
    if (!fileSystem.exists(output)) {
      save(rows, options.output(), SaveMode.Append);
      mark(fileSystem, output);
      return;
    }
    List<Dataset<Row>> before;
    try {
      before =
          TableInput.open(rows.sparkSession(), options.outputFormat(), List.of(options.output()));
    } catch (Exception e) { // Spark's are checked ones, too
      throw new InvalidInputException(
          String.format(
              "--output %s is no table of %s files that could be added to: choose another directory",
              options.output(), options.outputFormat().option()),
          e);
    }
    Set<String> there = columns(before.get(0).schema());
    Set<String> added = columns(rows.schema());
    require(
        // JSON's lines leave out what is null, and know few types.
        options.outputFormat() == InputFormat.JSON || there.equals(added),
        "--output %s has the columns %s, and %s would be added: give the same columns, or choose another directory",
        options.output(),
        String.join(", ", there),
        String.join(", ", added));
    FileStatus[] directories = fileSystem.globStatus(new Path(output, "*=*"));
    require(
        directories.length == 0 == options.partitionBy().isEmpty()
            && (directories.length == 0
                || directories[0]
                    .getPath()
                    .getName()
                    .startsWith(options.partitionBy().get(0) + "=")),
        "--output %s is laid out in other directories than --partition-by %s: give the same columns",
        options.output(),
        String.join(",", options.partitionBy()));
    save(rows, options.output(), SaveMode.Append);
  }

  /** Names and types; of CSV, which has no types, names. */
  private Set<String> columns(StructType schema) {
    Set<String> columns = new TreeSet<>();
    for (StructField field : schema.fields()) {
      boolean typed =
          options.outputFormat() != InputFormat.CSV
              && !options.partitionBy().contains(field.name());
      columns.add(typed ? field.name() + " " + field.dataType().simpleString() : field.name());
    }
    return columns;
  }

  private SaveMode mode() {
    return switch (options.existing()) {
      case REFUSE -> SaveMode.ErrorIfExists;
      case APPEND -> SaveMode.Append;
      case REPLACE -> SaveMode.Overwrite;
    };
  }

  private void save(Dataset<Row> rows, String where, SaveMode mode) {
    DataFrameWriter<Row> writer = rows.write().mode(mode);
    if (!options.partitionBy().isEmpty()) {
      writer = writer.partitionBy(options.partitionBy().toArray(String[]::new));
    }
    if (options.outputFormat() == InputFormat.TABLE) {
      writer.saveAsTable(where);
    } else {
      writer
          .format(options.outputFormat().option())
          .option("header", "true")
          .option("escape", "\"")
          .option("ignoreLeadingWhiteSpace", "false")
          .option("ignoreTrailingWhiteSpace", "false")
          .save(where);
    }
  }

  private void requirePartitionColumns(StructType schema) {
    for (String column : options.partitionBy()) {
      if (!Arrays.asList(schema.fieldNames()).contains(column)) {
        throw new InvalidInputException(
            String.format(
                "--partition-by: the output has no column '%s': use one of %s",
                column, String.join(", ", schema.fieldNames())));
      }
    }
  }

  /** CSV has neither structs nor arrays: a struct's fields become columns, arrays JSON. */
  private static Dataset<Row> flat(Dataset<Row> table) {
    List<Column> columns = new ArrayList<>();
    for (StructField field : table.schema().fields()) {
      Column column = ColumnNames.column(table, field.name());
      if (field.dataType() instanceof StructType struct) {
        for (StructField inner : struct.fields()) {
          columns.add(
              simple(column.getField(inner.name()), inner).as(field.name() + "_" + inner.name()));
        }
      } else {
        columns.add(simple(column, field).as(field.name()));
      }
    }
    return table.select(columns.toArray(Column[]::new));
  }

  private static Column simple(Column column, StructField field) {
    boolean nested =
        field.dataType() instanceof ArrayType
            || field.dataType() instanceof StructType
            || field.dataType() instanceof MapType;
    return nested ? functions.to_json(column) : column;
  }
}
