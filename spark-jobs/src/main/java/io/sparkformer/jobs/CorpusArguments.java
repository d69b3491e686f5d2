package io.sparkformer.jobs;

import io.sparkformer.jobs.input.CorpusInput;
import io.sparkformer.jobs.input.FileSelection;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.MalformedInput;
import java.util.List;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options that name a corpus. */
public final class CorpusArguments {

  @Option(
      names = "--input",
      required = true,
      arity = "1..*",
      paramLabel = "PATH",
      description =
          "Files, directories (with all below, but for names that start with _ or .) or globs, on any Hadoop file system; with --format table, names of tables.")
  private List<String> inputs;

  @Option(
      names = "--include",
      paramLabel = "GLOB",
      description =
          "Of directories, only files that match, as *.txt (a name) or docs/**.md (a path below --input). May be given several times.")
  private List<String> include = List.of();

  @Option(
      names = "--exclude",
      paramLabel = "GLOB",
      description =
          "Of directories, no files that match, as *.png, or build/ for all below it. May be given several times.")
  private List<String> exclude = List.of();

  @Option(
      names = "--format",
      defaultValue = "text",
      paramLabel = "FORMAT",
      description = {
        "text: a file is a document; lines: a line is; paragraphs: what is between blank lines is. UTF-8, also compressed (.gz, .bz2, .zst, ...).",
        "parquet, orc, json (an object a line), csv (with a header), delta, table (of the catalog): a row is a document, see --text-column.",
        "Default: ${DEFAULT-VALUE}."
      })
  private String format;

  @Option(names = "--text-column", paramLabel = "COLUMN", description = "A table's text.")
  private Optional<String> textColumn;

  @Option(
      names = "--malformed",
      defaultValue = "fail",
      paramLabel = "fail|replace",
      description =
          "Bytes that are not UTF-8: an error, or read as U+FFFD. Default: ${DEFAULT-VALUE}.")
  private String malformed;

  /** The corpus, without labels. */
  public CorpusInput input() {
    return input(Optional.empty());
  }

  public CorpusInput input(Optional<String> labelColumn) {
    return new CorpusInput(
        inputs,
        InputFormat.of(format),
        new FileSelection(include, exclude),
        textColumn,
        labelColumn);
  }

  public MalformedInput malformed() {
    return MalformedInput.of(malformed);
  }
}
