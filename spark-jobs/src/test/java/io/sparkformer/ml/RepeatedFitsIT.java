package io.sparkformer.ml;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.datasets.TemporaryFolder;
import io.sparkformer.jobs.JobProcess;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.ThreeClassTexts;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.management.ObjectName;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An application that fits model after model. */
class RepeatedFitsIT {

  private static final int FIRST = 20;
  private static final int LAST = 100;
  private static final int TEXTS = 24;
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private Path directory;

  @Test
  void aHundredFitsLeaveMemoryThreadsFilesAndDirectoriesAsTwentyDid() throws Exception {
    assumeTrue(JobProcess.isLinux(), "skipped: memory and files are looked up in /proc, Linux's");
    Path temporary = Files.createDirectory(directory.resolve("tmp"));
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "@" + JobProcess.CHECKOUT.resolve("conf/spark-jvm.options"),
                    "-Xms512m", // so that what is resident grows by the engine's memory alone
                    "-Xmx512m",
                    "-XX:+AlwaysPreTouch",
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-Dai.djl.offline=true",
                    "-Dlog4j2.configurationFile="
                        + JobProcess.CHECKOUT.resolve("conf/log4j2.properties"),
                    "-Djava.io.tmpdir=" + temporary,
                    "-cp",
                    System.getProperty("java.class.path"),
                    Application.class.getName(),
                    directory.toString()))
            .redirectError(directory.resolve("err").toFile());
    // As the launcher sets them: else what is resident is at the C library's discretion.
    builder.environment().put("MALLOC_ARENA_MAX", "1");
    builder.environment().put("MALLOC_MMAP_THRESHOLD_", "33554432");
    builder.environment().put("MALLOC_TRIM_THRESHOLD_", "8589934592");
    Process application = builder.start();
    List<String> lines =
        new String(application.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
            .lines()
            .toList();
    assertThat(application.waitFor()).as(Files.readString(directory.resolve("err"))).isZero();

    Used first = JSON.readValue(lines.get(0), Used.class);
    Used last = JSON.readValue(lines.get(1), Used.class);
    String both = "after %d fits %s, after %d %s".formatted(FIRST, first, LAST, last);
    assertThat(last.arrays()).as(both).isEqualTo(first.arrays());
    assertThat(last.heapMb()).as(both).isLessThan(first.heapMb() + 8);
    assertThat(last.residentMb()).as(both).isLessThan(first.residentMb() + 60);
    assertThat(last.threads()).as(both).isLessThanOrEqualTo(first.threads() + 4);
    assertThat(last.openFiles()).as(both).isLessThanOrEqualTo(first.openFiles() + 4);
    assertThat(last.temporary()).as(both).isLessThanOrEqualTo(first.temporary() + 4);
  }

  /**
   * What the process has.
   *
   * @param heapMb reachable objects
   * @param arrays engine's, and their managers
   * @param threads started and not, which shutdown hooks are
   * @param temporary files and directories of the temporary directory
   */
  record Used(
      double heapMb, double residentMb, long arrays, long threads, long openFiles, long temporary) {

    private static final Pattern CLASS =
        Pattern.compile("(?m)^ *\\d+: +(\\d+) +\\d+ +([\\w.$]+)(?: .*)?$");
    private static final Pattern TOTAL = Pattern.compile("(?m)^Total +\\d+ +(\\d+)$");
    private static final Pattern RESIDENT = Pattern.compile("(?m)^VmRSS:\\s+(\\d+) kB$");

    static Used now() throws Exception {
      // Twice: what Spark cleans up is found by the first.
      histogram();
      String histogram = histogram();
      Map<String, Long> instances = new TreeMap<>();
      CLASS
          .matcher(histogram)
          .results()
          .forEach(line -> instances.put(line.group(2), Long.parseLong(line.group(1))));
      return new Used(
          number(TOTAL, histogram) / 1e6,
          number(RESIDENT, Files.readString(Path.of("/proc/self/status"))) / 1024.0,
          instances.getOrDefault("ai.djl.pytorch.engine.PtNDArray", 0L)
              + instances.getOrDefault("ai.djl.pytorch.engine.PtNDManager", 0L),
          instances.entrySet().stream()
              .filter(entry -> entry.getKey().endsWith("Thread"))
              .mapToLong(Map.Entry::getValue)
              .sum(),
          Path.of("/proc/self/fd").toFile().list().length,
          files(Path.of(System.getProperty("java.io.tmpdir"))));
    }

    private static String histogram() throws Exception {
      return (String)
          ManagementFactory.getPlatformMBeanServer()
              .invoke(
                  new ObjectName("com.sun.management:type=DiagnosticCommand"),
                  "gcClassHistogram",
                  new Object[] {new String[0]},
                  new String[] {String[].class.getName()});
    }

    private static double number(Pattern pattern, String text) {
      Matcher matcher = pattern.matcher(text);
      assertThat(matcher.find()).as(text).isTrue();
      return Double.parseDouble(matcher.group(1));
    }

    private static long files(Path directory) throws IOException {
      try (Stream<Path> files = Files.walk(directory)) {
        return files.count();
      }
    }
  }

  /** That application: its argument is a directory. */
  static final class Application {
    private Application() {}

    public static void main(String[] arguments) throws Exception {
      Path directory = Path.of(arguments[0]);
      Path recipe =
          Files.writeString(directory.resolve("three-classes.yaml"), ThreeClassTexts.RECIPE);
      try (SparkSession spark =
          SparkSession.builder()
              .config(LocalSpark.conf("local[1]"))
              .config("spark.sql.shuffle.partitions", "1")
              .config("spark.sql.warehouse.dir", directory.resolve("warehouse").toString())
              // Spark remembers the last thousand jobs for its web server.
              .config("spark.ui.retainedJobs", "1")
              .config("spark.ui.retainedStages", "1")
              .config("spark.ui.retainedTasks", "1")
              .config("spark.sql.ui.retainedExecutions", "1")
              .getOrCreate()) {
        Dataset<Row> texts =
            spark
                .read()
                .json(ThreeClassTexts.table(directory.resolve("table.jsonl")).toString())
                .limit(TEXTS);
        for (int fit = 1; fit <= LAST; fit++) {
          Path output = directory.resolve("fit-" + fit);
          new SequenceClassifier()
              .setRecipe(recipe.toString())
              .setTokenizer("char")
              .setOutputPath(output.toString())
              .setSettings("training.max-epochs=1")
              .fit(texts);
          TemporaryFolder.delete(output);
          if (fit == FIRST || fit == LAST) {
            System.out.println(JSON.writeValueAsString(Used.now()));
          }
        }
      }
      System.exit(0); // Spark's timer of barrier stages would keep a local master's JVM alive
    }
  }
}
