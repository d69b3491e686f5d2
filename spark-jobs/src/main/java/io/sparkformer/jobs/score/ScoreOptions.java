package io.sparkformer.jobs.score;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.input.InputFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;

/**
 * What the score job reads and writes.
 *
 * @param inputs files, directories or globs; of {@link InputFormat#TABLE}, names
 * @param columns those of the table to keep; all if empty
 * @param where a condition of SQL on the rows
 * @param output a directory, or of {@link InputFormat#TABLE} a name
 * @param partitionBy columns by whose values the output is laid out in directories
 * @param partitions tasks that the rows are spread over; as they are read if empty
 */
public record ScoreOptions(
    List<String> inputs,
    InputFormat format,
    List<String> columns,
    Optional<String> where,
    OptionalInt partitions,
    String output,
    InputFormat outputFormat,
    List<String> partitionBy,
    Existing existing,
    Engine engine) {

  /** What scores. */
  public enum Engine {
    /** {@link io.sparkformer.ml.SequenceClassificationModel}. */
    SPARKFORMER,
    /** DJL's own extension of Spark. */
    DJL_SPARK;

    static Engine of(String name) {
      return switch (name) {
        case "sparkformer" -> SPARKFORMER;
        case "djl-spark" -> DJL_SPARK;
        default ->
            throw new InvalidInputException(
                "--engine is '" + name + "': use sparkformer or djl-spark");
      };
    }
  }

  /** What becomes of an output that is there. */
  public enum Existing {
    REFUSE,
    APPEND,
    REPLACE
  }

  public ScoreOptions {
    inputs = List.copyOf(inputs);
    columns = List.copyOf(columns);
    partitionBy = List.copyOf(partitionBy);
    require(!inputs.isEmpty(), "--input is empty: name at least one table");
    require(
        Set.copyOf(columns).size() == columns.size(),
        "--columns %s names a column twice: name each once",
        String.join(",", columns));
    require(!output.isBlank(), "--output is empty: give a directory or a table's name");
    require(
        partitions.orElse(1) > 0,
        "--partitions is %d: it must be at least 1",
        partitions.orElse(1));
  }

  /** Whether the output is files without a commit of their own. */
  boolean isFiles() {
    return outputFormat != InputFormat.DELTA && outputFormat != InputFormat.TABLE;
  }
}
