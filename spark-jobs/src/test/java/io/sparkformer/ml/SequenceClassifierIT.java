package io.sparkformer.ml;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.jobs.JobProcess;
import io.sparkformer.jobs.LoopbackCluster;
import io.sparkformer.jobs.Patience;
import io.sparkformer.jobs.ThreeClassTexts;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The estimator in an application of someone else's. */
class SequenceClassifierIT {

  private static final Path TARGET = JobProcess.CHECKOUT.resolve("spark-jobs/target");
  private static final Path SPARK = TARGET.resolve("embedded-spark");
  private static final Path JAR = TARGET.resolve("sparkformer.jar");

  @TempDir private Path directory;

  /** That application: its arguments are the recipe, the table, the output and the workers. */
  static final class Application {

    private Application() {}

    public static void main(String[] args) {
      try (SparkSession spark = SparkSession.builder().getOrCreate()) {
        new SequenceClassifier()
            .setRecipe(args[0])
            .setOutputPath(args[2])
            .setTokenizer("char")
            .setWorkers(Integer.parseInt(args[3]))
            .fit(spark.read().json(args[1]));
        System.out.println(spark.range(3).count());
      }
      System.exit(0); // Spark's timer of barrier stages would keep a local master's JVM alive
    }
  }

  @Test
  void twoRanksOfAClusterGiveTheWeightsOfOne() throws Exception {
    Files.writeString(directory.resolve("three-classes.yaml"), ThreeClassTexts.RECIPE);
    ThreeClassTexts.table(directory.resolve("table.jsonl"));
    try (LoopbackCluster cluster = LoopbackCluster.start(directory.resolve("cluster"), 2)) {
      fit(cluster.master(), "two", 2);
    }
    fit("local[1]", "one", 1);

    assertThat(weights("two")).isEqualTo(weights("one"));
  }

  private void fit(String master, String output, int workers) throws Exception {
    String classPath = SPARK + "/jars/*:" + JAR + ":" + TARGET + "/test-classes";
    Path log = directory.resolve(output + ".log");
    ProcessBuilder builder =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "@" + JobProcess.CHECKOUT.resolve("conf/spark-jvm.options"),
                    "-Xmx1g",
                    "-XX:+UseSerialGC",
                    "-XX:TieredStopAtLevel=1",
                    "-XX:SharedArchiveFile=" + SPARK + "/classes.jsa",
                    "-XX:MaxDirectMemorySize=1t",
                    "-Dai.djl.offline=true",
                    "-Dspark.app.name=fit",
                    "-Dspark.master=" + master,
                    "-Dspark.driver.host=127.0.0.1",
                    "-Dspark.driver.bindAddress=127.0.0.1",
                    "-Dspark.jars=" + JAR,
                    "-Dspark.executor.cores=1",
                    "-Dspark.executor.extraJavaOptions=-Dai.djl.offline=true -XX:TieredStopAtLevel=1",
                    "-Dspark.executor.memory=512m",
                    "-Dspark.ui.enabled=false",
                    "-cp",
                    classPath,
                    Application.class.getName(),
                    directory.resolve("three-classes.yaml").toString(),
                    directory.resolve("table.jsonl").toString(),
                    directory.resolve(output).toString(),
                    Integer.toString(workers)))
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("SPARK"));
    Process process = builder.start();
    Patience.untilEnded(process, log);
    assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    assertThat(Files.readAllLines(log)).contains("3");
  }

  private byte[] weights(String output) throws IOException {
    return Files.readAllBytes(directory.resolve(output + "/run/last/model.safetensors"));
  }
}
