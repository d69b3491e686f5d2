package io.sparkformer.ml;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.predict.BatchLimits;
import io.sparkformer.predict.TextReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.CancellationException;
import java.util.function.BooleanSupplier;
import org.apache.spark.sql.Row;
import scala.collection.JavaConverters;

/** Rows of a partition that follow each other and are put through the model together. */
final class Window {

  /** Bounds the memory that rows take while they wait for each other. */
  private static final long ROW_BYTES = 8L << 20;

  static final String NULL = "the text is null";
  static final String EMPTY = "the text is empty";

  private static final long OBJECT_BYTES = 32;
  private static final String NO_ERROR = "";

  private final List<Row> rows = new ArrayList<>();
  private final List<int[]> ids = new ArrayList<>();
  private final List<String> errors = new ArrayList<>();
  private long readNanos;

  private Window() {}

  /**
   * Reads rows and their texts.
   *
   * @param column of the text, UTF-8
   * @param most rows
   */
  static Window read(Iterator<Row> rows, int column, TextReader reader, int most) {
    Window window = new Window();
    long bytes = 0;
    while (window.rows.size() < most && bytes < ROW_BYTES && rows.hasNext()) {
      Row row = rows.next();
      window.rows.add(row);
      bytes += bytesOf(row);
      if (row.isNullAt(column)) {
        window.add(new int[0], NULL);
      } else {
        window.read(new String(row.<byte[]>getAs(column), StandardCharsets.UTF_8), reader);
      }
    }
    return window;
  }

  /** About what a value takes in memory. */
  private static long bytesOf(Object value) {
    if (value instanceof byte[] bytes) {
      return bytes.length;
    }
    if (value instanceof String text) {
      return 2L * text.length();
    }
    long bytes = OBJECT_BYTES;
    if (value instanceof Row row) {
      for (int i = 0; i < row.length(); i++) {
        bytes += bytesOf(row.get(i));
      }
    } else if (value instanceof scala.collection.Iterable<?> values) {
      for (Object element : JavaConverters.asJavaIterable(values)) {
        bytes += bytesOf(element);
      }
    } else if (value instanceof scala.Product entry) { // a map's
      for (int i = 0; i < entry.productArity(); i++) {
        bytes += bytesOf(entry.productElement(i));
      }
    }
    return bytes;
  }

  private void read(String text, TextReader reader) {
    long start = System.nanoTime();
    try {
      int[] tokens = text.isEmpty() ? new int[0] : reader.read(text);
      add(tokens, tokens.length == 0 ? EMPTY : NO_ERROR);
    } catch (InvalidInputException e) {
      add(new int[0], e.getMessage());
    }
    readNanos += System.nanoTime() - start;
  }

  private void add(int[] tokens, String error) {
    ids.add(tokens);
    errors.add(error);
  }

  /** The rows with their results. */
  record Scored(List<Row> rows, List<Row> results, ScoringTally.Counts counts) {}

  /**
   * Puts the texts through the model.
   *
   * @param wanted asked before every batch
   * @throws CancellationException if the results are wanted no more
   */
  <M extends AutoCloseable> Scored scored(
      M model, TextTask<M> task, BatchLimits limits, BooleanSupplier wanted) {
    long start = System.nanoTime();
    Row[] results = new Row[rows.size()];
    List<Integer> readable = new ArrayList<>();
    for (int i = 0; i < results.length; i++) {
      if (errors.get(i).isEmpty()) {
        readable.add(i);
      } else {
        results[i] = task.failed(errors.get(i));
      }
    }
    int[] lengths = readable.stream().mapToInt(i -> ids.get(i).length).toArray();
    long slots = 0;
    for (int[] batch : limits.batches(lengths)) {
      if (!wanted.getAsBoolean()) {
        throw new CancellationException();
      }
      List<int[]> texts = Arrays.stream(batch).mapToObj(i -> ids.get(readable.get(i))).toList();
      List<Row> found = task.run(model, texts);
      for (int i = 0; i < batch.length; i++) {
        results[readable.get(batch[i])] = found.get(i);
      }
      slots += (long) batch.length * lengths[batch[batch.length - 1]];
    }
    long tokens = Arrays.stream(lengths).asLongStream().sum();
    return new Scored(
        rows,
        Arrays.asList(results),
        counts(task, results, tokens, slots, System.nanoTime() - start));
  }

  private ScoringTally.Counts counts(
      TextTask<?> task, Row[] results, long tokens, long slots, long runNanos) {
    TreeMap<String, Long> outcomes = new TreeMap<>();
    long failed = 0;
    for (Row result : results) {
      if (hasFailed(result)) {
        failed++;
      } else {
        task.outcomes(result).forEach(name -> outcomes.merge(name, 1L, Long::sum));
      }
    }
    return new ScoringTally.Counts(
        results.length, failed, tokens, slots, 0, readNanos, runNanos, outcomes);
  }

  /** The error is every struct's last field. */
  static boolean hasFailed(Row result) {
    return !result.isNullAt(result.length() - 1);
  }
}
