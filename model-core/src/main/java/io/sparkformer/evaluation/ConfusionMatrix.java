package io.sparkformer.evaluation;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * How often each label was taken for each.
 *
 * @param labels names, in the order of rows and columns
 * @param counts [labels, labels], rows are what is right, columns what was predicted
 */
@SuppressWarnings("ArrayRecordComponent") // Copied, and compared by content.
public record ConfusionMatrix(List<String> labels, long[][] counts) implements Serializable {

  public ConfusionMatrix {
    labels = List.copyOf(labels);
    counts = copy(counts);
    require(
        counts.length == labels.size(),
        "a confusion matrix has %d rows and %d labels: give a row and a column for each label",
        counts.length,
        labels.size());
    for (long[] row : counts) {
      require(
          row.length == labels.size() && Arrays.stream(row).allMatch(count -> count >= 0),
          "a row of a confusion matrix of %d labels is %s: give as many counts, none below 0",
          labels.size(),
          Arrays.toString(row));
    }
  }

  /**
   * A matrix from counts in a row.
   *
   * @param counts row-major
   */
  public static ConfusionMatrix of(List<String> labels, long[] counts) {
    int size = labels.size();
    require(
        counts.length == size * size,
        "%d counts are not a confusion matrix of %d labels: give %d",
        counts.length,
        size,
        size * size);
    long[][] rows = new long[size][size];
    for (int i = 0; i < counts.length; i++) {
      rows[i / size][i % size] = counts[i];
    }
    return new ConfusionMatrix(labels, rows);
  }

  static double ratio(long part, long whole) {
    return ratio((double) part, (double) whole);
  }

  /** A share; 0 where there is nothing to divide by, as scikit-learn has it. */
  static double ratio(double part, double whole) {
    return whole == 0 ? 0 : part / whole;
  }

  private static long[][] copy(long[][] counts) {
    return Arrays.stream(counts).map(long[]::clone).toArray(long[][]::new);
  }

  @Override
  public long[][] counts() {
    return copy(counts);
  }

  /** Examples with this label. */
  long actual(int label) {
    return Arrays.stream(counts[label]).sum();
  }

  /** Examples that were given this label. */
  long predicted(int label) {
    return Arrays.stream(counts).mapToLong(row -> row[label]).sum();
  }

  /** Examples with this label that were given it. */
  long hits(int label) {
    return counts[label][label];
  }

  /** All examples. */
  public long total() {
    return Arrays.stream(counts).flatMapToLong(Arrays::stream).sum();
  }

  /** The share of examples that were given their label; 0 if there are none. */
  public double accuracy() {
    long hits = 0;
    for (int label = 0; label < counts.length; label++) {
      hits += hits(label);
    }
    return ratio(hits, total());
  }

  /** As a table: a line for what is right, a column for what was predicted. */
  public String text() {
    List<List<String>> rows = new ArrayList<>();
    List<String> head = new ArrayList<>(List.of("actual \\ predicted"));
    head.addAll(labels);
    rows.add(head);
    for (int label = 0; label < counts.length; label++) {
      List<String> row = new ArrayList<>(List.of(labels.get(label)));
      Arrays.stream(counts[label])
          .forEach(count -> row.add(String.format(Locale.ROOT, "%d", count)));
      rows.add(row);
    }
    return aligned(rows);
  }

  private static String aligned(List<List<String>> rows) {
    StringBuilder text = new StringBuilder();
    for (List<String> row : rows) {
      for (int column = 0; column < row.size(); column++) {
        int at = column;
        int width = rows.stream().mapToInt(line -> width(line.get(at))).max().orElse(0);
        text.append(column == 0 ? "" : "  ")
            .append(" ".repeat(width - width(row.get(column))))
            .append(row.get(column));
      }
      text.append('\n');
    }
    return text.toString();
  }

  private static int width(String text) {
    return text.codePointCount(0, text.length());
  }

  @Override
  public boolean equals(Object other) {
    return other instanceof ConfusionMatrix matrix
        && labels.equals(matrix.labels)
        && Arrays.deepEquals(counts, matrix.counts);
  }

  @Override
  public int hashCode() {
    return 31 * labels.hashCode() + Arrays.deepHashCode(counts);
  }

  @Override
  public String toString() {
    return "ConfusionMatrix" + labels + Arrays.deepToString(counts);
  }
}
