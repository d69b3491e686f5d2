package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.List;
import java.util.Optional;

/**
 * Where a job's documents are.
 *
 * @param inputs files, directories or globs on any Hadoop file system, or names of tables; at least
 *     one
 * @param selection of the files in directories
 * @param textColumn a table's column with the documents
 * @param labelColumn a table's column with their labels
 */
public record CorpusInput(
    List<String> inputs,
    InputFormat format,
    FileSelection selection,
    Optional<String> textColumn,
    Optional<String> labelColumn) {

  public CorpusInput {
    inputs = List.copyOf(inputs);
    require(!inputs.isEmpty(), "--input is empty: give at least one file, directory or glob");
    require(
        format.isText() == textColumn.isEmpty(),
        format.isText()
            ? "--text-column does not go with --format %s: leave it out, or name a table's format"
            : "--format %s needs --text-column: name the column with the text",
        format.option());
    require(
        !format.isText() || labelColumn.isEmpty(),
        "--label-column does not go with --format %s: leave it out, or name a table's format",
        format.option());
    require(
        format.isText() || selection.isAll(),
        "--include and --exclude do not go with --format %s: name the files with a glob in --input",
        format.option());
  }

  /** All files of directories. */
  public CorpusInput(
      List<String> inputs,
      InputFormat format,
      Optional<String> textColumn,
      Optional<String> labelColumn) {
    this(inputs, format, FileSelection.ALL, textColumn, labelColumn);
  }
}
