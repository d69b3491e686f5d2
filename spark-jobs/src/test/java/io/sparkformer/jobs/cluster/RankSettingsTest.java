package io.sparkformer.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeFalse;

import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RankSettingsTest {

  @TempDir private Path home;
  private final SparkConf conf = new SparkConf(false);

  @BeforeEach
  void makeASparkHome() throws IOException {
    Files.createDirectory(home.resolve("jars"));
  }

  @Test
  void oneRankOnLocalIsLeftAsItIs() {
    conf.set("spark.master", "local[3]");

    assertThat(complete(1)).isFalse();
    assertThat(conf.getAll()).hasSize(1);
  }

  @Test
  void severalRanksOnLocalShareItsCoresAsExecutorsOfOneWorker() {
    conf.set("spark.master", "local[1]").set("spark.executor.memory", "512m");

    assertThat(complete(3)).isTrue();

    assertThat(conf.get("spark.master")).isEqualTo("local-cluster[1,3,1536]");
    assertThat(conf.get("spark.executor.cores")).isEqualTo("1");
    assertThat(conf.get("spark.task.cpus")).isEqualTo("1");
    assertThat(conf.get("spark.cores.max")).isEqualTo("3");
    assertThat(conf.get("spark.executorEnv.SPARK_SCALA_VERSION")).isEqualTo("2.12");
  }

  @Test
  void allCoresOfTheMachineAreShared() {
    conf.set("spark.master", "local[*]");
    int each = Math.max(1, Runtime.getRuntime().availableProcessors() / 2);

    assertThat(complete(2)).isTrue();

    assertThat(conf.get("spark.master")).isEqualTo("local-cluster[1,%d,2048]", each * 2);
    assertThat(conf.get("spark.task.cpus")).isEqualTo(Integer.toString(each));
  }

  @Test
  void localExecutorsReadTheApplicationWhereItIsAndLogAsTheDriverDoes() {
    conf.set("spark.master", "local[2]").set("spark.executor.extraClassPath", "/mine.jar");
    conf.set("spark.jars", "/other.jar");

    complete(2);

    // Not in one jar: these are the tests.
    assertThat(conf.get("spark.executor.extraClassPath"))
        .isEqualTo("/mine.jar:" + System.getProperty("java.class.path"));
    assertThat(conf.get("spark.jars")).isEqualTo("/other.jar");
    String log = "\"-Dlog4j2.configurationFile=" + System.getProperty("log4j2.configurationFile");
    assertThat(conf.get("spark.executor.extraJavaOptions"))
        .startsWith(log + "\" -XX:Tier4InvocationThreshold=")
        .endsWith(" -XX:+UseSerialGC -Dai.djl.offline=true -XX:MaxDirectMemorySize=1t");
  }

  @Test
  void localExecutorsStartFromTheArchiveOfSparksClassesIfThereIsOne() throws IOException {
    conf.set("spark.master", "local[2]").set("spark.executor.extraJavaOptions", "-XX:+UseG1GC");
    Path archive = Files.createFile(home.resolve("classes.jsa"));

    complete(2);

    assertThat(conf.get("spark.executor.extraClassPath"))
        .isEqualTo(home.resolve("jars") + "/*:" + System.getProperty("java.class.path"));
    assertThat(conf.get("spark.executor.extraJavaOptions"))
        .contains(" \"-XX:SharedArchiveFile=" + archive + "\" ")
        .doesNotContain("UseSerialGC")
        .endsWith(" -XX:+UseG1GC -XX:MaxDirectMemorySize=1t");
  }

  @Test
  void aRankWithAGpuGetsAnExecutorOfItsOwnOnLocalToo() {
    conf.set("spark.master", "local[1]").set("spark.executor.resource.gpu.amount", "1");
    conf.set("spark.executor.resource.gpu.discoveryScript", "/find");

    assertThat(complete(1)).isTrue();

    assertThat(conf.get("spark.master")).isEqualTo("local-cluster[1,1,1024]");
    assertThat(conf.get("spark.task.resource.gpu.amount")).isEqualTo("1");
    assertThat(conf.get("spark.worker.resource.gpu.amount")).isEqualTo("1");
    assertThat(conf.get("spark.worker.resource.gpu.discoveryScript")).isEqualTo("/find");
  }

  @Test
  void withoutASparkHomeTheMessageSaysWhereOneComesFrom() {
    conf.set("spark.master", "local[2]");

    assertThatThrownBy(() -> RankSettings.complete(conf, 2, Map.of()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "SPARK_HOME is '', which has no jars/: executors of their own are started from there: use"
                + " submit/sparkformer, or set SPARK_HOME to a Spark 3.5");
  }

  @Test
  void aSparkHomeWhereExecutorsCannotKeepTheirFilesIsAMistake() throws IOException {
    conf.set("spark.master", "local[2]");
    Path work = Files.createSymbolicLink(home.resolve("work"), Path.of("/proc/sys"));
    assumeFalse(Files.isWritable(work));

    assertMistake(
        2,
        work
            + " cannot be written: executors on this machine keep their files there: change its permissions, or give"
            + " the master of a running cluster (submit/cluster start; -- --master spark://HOST:PORT)");
  }

  @Test
  void aTaskTakesAllCoresOfItsExecutor() {
    conf.set("spark.master", "spark://h:7077").set("spark.executor.cores", "4");

    assertThat(complete(3)).isFalse();

    assertThat(conf.get("spark.task.cpus")).isEqualTo("4");
    assertThat(conf.get("spark.cores.max")).isEqualTo("12");
    assertThat(conf.get("spark.scheduler.minRegisteredResourcesRatio")).isEqualTo("1.0");
    assertThat(conf.contains("spark.executor.instances")).isFalse();
  }

  @Test
  void onYarnAndKubernetesAnExecutorHasOneCoreUnlessToldOtherwise() {
    for (String master : new String[] {"yarn", "k8s://https://h:6443"}) {
      SparkConf cluster = new SparkConf(false).set("spark.master", master);

      assertThat(RankSettings.complete(cluster, 3, Map.of())).isFalse();

      assertThat(cluster.get("spark.task.cpus")).isEqualTo("1");
      assertThat(cluster.get("spark.executor.instances")).isEqualTo("3");
      assertThat(cluster.contains("spark.cores.max")).isFalse();
    }
  }

  @Test
  void aLocalClusterOfTheUserSaysTheCoresItself() {
    conf.set("spark.master", "local-cluster[2,3,1024]");

    assertThat(complete(2)).isFalse();

    assertThat(conf.get("spark.master")).isEqualTo("local-cluster[2,3,1024]");
    assertThat(conf.get("spark.executor.cores")).isEqualTo("3");
    assertThat(conf.get("spark.task.cpus")).isEqualTo("3");
  }

  @Test
  void severalTasksInAnExecutorAreAMistake() {
    conf.set("spark.master", "yarn").set("spark.executor.cores", "4").set("spark.task.cpus", "2");

    assertMistake(
        2,
        "spark.task.cpus is 2 and spark.executor.cores is 4, but there is one rank per executor, with all its cores:"
            + " set both to the same number, or leave spark.task.cpus away");
  }

  @Test
  void aStandaloneClusterMustBeToldTheCoresOfARank() {
    conf.set("spark.master", "spark://h:7077");

    assertMistake(
        2,
        "spark.executor.cores is not set, and a standalone cluster's executors then take all cores of their machines:"
            + " give -- --executor-cores C, the cores of one rank");
  }

  @Test
  void dynamicAllocationIsAMistake() {
    conf.set("spark.master", "yarn").set("spark.dynamicAllocation.enabled", "true");

    assertMistake(
        1,
        "spark.dynamicAllocation.enabled is true, and ranks need all executors at once: give -- --conf"
            + " spark.dynamicAllocation.enabled=false");
  }

  @Test
  void tooFewExecutorsOrCoresAreMistakes() {
    conf.set("spark.master", "yarn").set("spark.executor.instances", "2");
    assertMistake(
        4,
        "spark.executor.instances is 2, but --workers is 4: give as many executors as ranks (-- --num-executors 4), or"
            + " lower --workers");

    conf.set("spark.master", "spark://h:1").set("spark.executor.cores", "2");
    conf.set("spark.task.cpus", "2").set("spark.cores.max", "6");
    assertMistake(
        4,
        "spark.cores.max is 6, but 4 ranks of 2 cores each need 8: raise or remove it, or lower --workers or"
            + " --executor-cores");
  }

  @Test
  void aRankHasOneGpu() {
    conf.set("spark.master", "yarn").set("spark.executor.resource.gpu.amount", "2");
    assertMistake(
        2,
        "spark.executor.resource.gpu.amount is 2, but a rank uses one GPU: set it to 1, and --workers to the number of"
            + " GPUs");

    conf.set("spark.executor.resource.gpu.amount", "1");
    conf.set("spark.task.resource.gpu.amount", "0.5");
    assertMistake(
        2,
        "spark.task.resource.gpu.amount is 0.5, but a rank uses one GPU: set it to 1, and --workers to the number of"
            + " GPUs");
  }

  @Test
  void noRanksAreAMistake() {
    conf.set("spark.master", "local");

    assertMistake(0, "--workers is 0: it must be at least 1");
  }

  @Test
  void aSessionThatRunsHasAnExecutorForEachRankOrOneRank() {
    conf.set("spark.master", "local[4]");
    RankSettings.requireFit(conf, 1);
    assertUnfit(
        2, "workers is 2, but spark.master is local[4], which is one process: set workers to 1");

    conf.set("spark.master", "spark://h:7077");
    RankSettings.requireFit(conf, 1);
    assertUnfit(
        2,
        "spark.executor.cores is not set, and a standalone cluster's executors then take all cores of their machines:"
            + " start the session with it, as the cores of one rank, and with spark.task.cpus of the same number");
    conf.set("spark.executor.cores", "2");
    assertUnfit(
        2,
        "spark.task.cpus is 1 and spark.executor.cores is 2, but ranks, of which there are 2, need an executor each:"
            + " start the session with spark.task.cpus=2");
    conf.set("spark.task.cpus", "2");
    RankSettings.requireFit(conf, 2);
    conf.set("spark.cores.max", "2");
    assertUnfit(
        2, "spark.cores.max is 2, but workers is 2: start the session with spark.cores.max=4");

    conf.remove("spark.cores.max").set("spark.executor.instances", "1");
    assertUnfit(2, "spark.executor.instances is 1, but workers is 2");
    conf.set("spark.executor.instances", "2").set("spark.executor.resource.gpu.amount", "1");
    assertUnfit(1, "spark.task.resource.gpu.amount is not, so that tasks get no GPU");
    conf.set("spark.dynamicAllocation.enabled", "true");
    assertUnfit(
        1,
        "spark.dynamicAllocation.enabled is true, and ranks need all executors at once: start the session with"
            + " spark.dynamicAllocation.enabled=false");
  }

  private void assertUnfit(int workers, String message) {
    assertThatThrownBy(() -> RankSettings.requireFit(conf, workers))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message);
  }

  private boolean complete(int workers) {
    return RankSettings.complete(conf, workers, Map.of("SPARK_HOME", home.toString()));
  }

  private void assertMistake(int workers, String message) {
    assertThatThrownBy(() -> complete(workers))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message);
  }
}
