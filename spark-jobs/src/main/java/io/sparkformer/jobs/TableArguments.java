package io.sparkformer.jobs;

import io.sparkformer.jobs.input.InputFormat;
import java.util.List;
import picocli.CommandLine.Option;

/** The options that name a table with texts. */
public class TableArguments {

  @Option(
      names = "--input",
      required = true,
      arity = "1..*",
      paramLabel = "PATH|TABLE",
      description = "Files, directories or globs; with --format table, names of tables.")
  private List<String> inputs;

  @Option(
      names = "--format",
      required = true,
      paramLabel = "FORMAT",
      description =
          "parquet, orc, json (an object a line), csv (with a header), delta, table (of the catalog).")
  private String format;

  @Option(
      names = "--text-column",
      defaultValue = "text",
      paramLabel = "COLUMN",
      description = "The column of text. Default: ${DEFAULT-VALUE}.")
  private String textColumn;

  public List<String> inputs() {
    return inputs;
  }

  public InputFormat format() {
    return InputFormat.ofTable("--format", format);
  }

  public String textColumn() {
    return textColumn;
  }
}
