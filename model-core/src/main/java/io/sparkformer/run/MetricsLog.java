package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.InvalidInputException;
import java.io.BufferedReader;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** metrics.jsonl: one {@link Metric} a line, visible to readers as soon as it is written. */
public final class MetricsLog implements Closeable {

  public static final String FILE_NAME = "metrics.jsonl";

  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .enable(com.fasterxml.jackson.databind.MapperFeature.ACCEPT_CASE_INSENSITIVE_ENUMS)
          .build();

  private final List<Metric> metrics = new ArrayList<>();
  private final FSDataOutputStream out;

  private MetricsLog(FSDataOutputStream out) {
    this.out = out;
  }

  /**
   * Starts the file, replacing one that is there.
   *
   * @param earlier lines to begin with: those of the run that is resumed
   */
  static MetricsLog create(FileSystem fileSystem, Path directory, List<Metric> earlier)
      throws IOException {
    Path file = new Path(directory, FILE_NAME);
    fileSystem.delete(file, false); // A stale process would go on writing into a file that stays.
    MetricsLog log = new MetricsLog(fileSystem.create(file, true));
    for (Metric metric : earlier) {
      log.metrics.add(metric);
      write(log.out, metric);
    }
    log.out.hflush();
    return log;
  }

  void append(Metric metric) throws IOException {
    metrics.add(metric);
    write(out, metric);
    out.hflush();
  }

  private static void write(FSDataOutputStream out, Metric metric) throws IOException {
    out.write(JSON.writeValueAsBytes(metric));
    out.write('\n');
  }

  /** Writes all lines so far to another directory. */
  void copyTo(FileSystem fileSystem, Path directory) throws IOException {
    try (FSDataOutputStream copy = fileSystem.create(new Path(directory, FILE_NAME), true)) {
      for (Metric metric : metrics) {
        write(copy, metric);
      }
    }
  }

  /** Reads a directory's file. */
  public static List<Metric> read(FileSystem fileSystem, Path directory) throws IOException {
    Path file = new Path(directory, FILE_NAME);
    require(
        fileSystem.exists(file),
        "%s has no %s, so it is not a training output: check the path",
        directory,
        FILE_NAME);
    List<Metric> metrics = new ArrayList<>();
    try (BufferedReader lines =
        new BufferedReader(new InputStreamReader(fileSystem.open(file), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        Metric metric = JSON.readValue(line, Metric.class);
        require(metric != null, "%s: line %d is not a metric", file, metrics.size() + 1);
        metrics.add(metric);
      }
    } catch (JsonProcessingException e) {
      throw new InvalidInputException(
          String.format("%s: line %d is not a metric", file, metrics.size() + 1), e);
    }
    return metrics;
  }

  @Override
  public void close() throws IOException {
    out.close();
  }
}
