package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Which columns of which tables to read.
 *
 * @param inputs files, directories or globs on any Hadoop file system; of {@link
 *     InputFormat#TABLE}, names
 * @param textColumn a column of strings, a document a row
 * @param labelColumn the documents' labels
 */
public record TableOptions(
    InputFormat format, List<String> inputs, String textColumn, Optional<String> labelColumn) {

  public TableOptions {
    inputs = List.copyOf(inputs);
    require(!inputs.isEmpty(), "--input is missing: name what to read");
  }

  List<String> columns() {
    List<String> columns = new ArrayList<>(List.of(textColumn));
    labelColumn.ifPresent(columns::add);
    return columns;
  }

  /** The inputs for messages. */
  public String shownInputs() {
    return "--input " + String.join(" ", inputs);
  }
}
