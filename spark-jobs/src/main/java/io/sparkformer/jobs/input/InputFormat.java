package io.sparkformer.jobs.input;

import io.sparkformer.datasets.InvalidInputException;
import java.util.Arrays;
import java.util.Locale;
import java.util.stream.Collectors;

/** What the inputs of a job are. */
public enum InputFormat {
  /** Text files, each of which is a document. */
  TEXT,
  /** Text files of a document a line. */
  LINES,
  /** Text files of documents between blank lines. */
  PARAGRAPHS,
  PARQUET,
  ORC,
  /** A JSON object a line. */
  JSON,
  /**
   * RFC 4180, its header first: documents in quotes may have line ends, so that a file is never
   * cut.
   */
  CSV,
  /** Directories of Delta Lake tables. */
  DELTA,
  /** Tables and views of Spark's catalogs, by name. */
  TABLE;

  public static InputFormat of(String option) {
    return Arrays.stream(values())
        .filter(format -> format.option().equals(option))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidInputException(
                    "--format %s is not supported: use one of %s"
                        .formatted(
                            option,
                            Arrays.stream(values())
                                .map(InputFormat::option)
                                .collect(Collectors.joining(", ")))));
  }

  /**
   * A format of tables by its name.
   *
   * @throws InvalidInputException if it is of texts, or there is none such
   */
  public static InputFormat ofTable(String option, String name) {
    return Arrays.stream(InputFormat.values())
        .filter(format -> !format.isText() && format.option().equals(name))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidInputException(
                    option
                        + " "
                        + name
                        + " is no table's format: use parquet, orc, json, csv, delta or table"));
  }

  /** As users write it. */
  public String option() {
    return name().toLowerCase(Locale.ROOT);
  }

  public boolean isText() {
    return compareTo(PARAGRAPHS) <= 0;
  }
}
