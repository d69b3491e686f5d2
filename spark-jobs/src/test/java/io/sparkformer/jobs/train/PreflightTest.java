package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkformer.datasets.CopyingFileSystem;
import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PreflightTest {

  private static final double PARAMETERS = 128 * (64 + 100) + 4 * (12 * 128 * 128 + 13 * 128) + 256;
  private static final double ACTIVATIONS = 12 * 64 * (12 * 100 + 4 * 16 * 128 * 4);

  @TempDir private java.nio.file.Path directory;

  @Test
  void aReportSaysAllThatMustBeChanged() {
    Preflight.Report report =
        new Preflight.Report(
            List.of(
                PreflightCheck.failed("a", "no room", "make some"),
                PreflightCheck.ok("b", "fine"),
                PreflightCheck.skipped("c", "no reason"),
                PreflightCheck.failed("d", "all is said here", "")));

    assertThatThrownBy(report::require)
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("a: no room: make some; d: all is said here");
  }

  @Test
  void aReportWithoutFailuresHolds() {
    Preflight.Report report =
        new Preflight.Report(List.of(PreflightCheck.skipped("c", "no reason")));

    assertThat(report.holds()).isTrue();
    assertThatCode(report::require).doesNotThrowAnyException();
  }

  @Test
  void oneRankKeepsWeightsGradientsMomentsAndCopiesToWrite() {
    MemoryNeed need = MemoryNeed.of(recipe(12), 1);

    assertThat(need.stateBytes()).isCloseTo(40 * PARAMETERS, within(1.0));
    assertThat(need.activationBytes()).isCloseTo(ACTIVATIONS, within(1.0));
  }

  @Test
  void ranksAlsoExchangeGradientsAndSumThoseOfTheirMicroBatchesInPairs() {
    assertThat(MemoryNeed.of(recipe(12 * 8), 1).stateBytes())
        .isCloseTo((40 + 3 * 4) * PARAMETERS, within(1.0));
    assertThat(MemoryNeed.of(recipe(12 * 8), 2).stateBytes())
        .isCloseTo((40 + 2 * 4 + 8) * PARAMETERS, within(1.0));
    assertThat(MemoryNeed.of(recipe(12 * 8), 8).stateBytes())
        .isCloseTo((40 + 8) * PARAMETERS, within(1.0));
  }

  @Test
  void ranksOfOneHostShareItsMemory() {
    MemoryNeed need = new MemoryNeed(2L << 30, 1L << 30);
    SparkConf conf = new SparkConf(false).set("spark.master", "spark://h:1");

    assertThat(HostMemory.check(need, List.of(rank("a", 4), rank("b", 4)), conf))
        .isEqualTo(
            PreflightCheck.ok(
                "memory",
                "a rank needs about 3.0 GB, a has 4.0 GB (4.0 GB free) for 1, b has 4.0 GB (4.0 GB free) for 1"));
    assertThat(HostMemory.check(need, List.of(rank("a", 5), rank("a", 5)), conf))
        .isEqualTo(
            PreflightCheck.failed(
                "memory",
                "a rank needs about 3.0 GB, a has 5.0 GB (5.0 GB free) for 2",
                "lower model.num-layers, model.embedding-dim or training.micro-batch-size, or have fewer ranks on a"
                    + " machine"));
  }

  @Test
  void aContainerMustHaveRoomBesideJavasHeap() {
    MemoryNeed need = new MemoryNeed(2L << 30, 1L << 30);
    SparkConf conf = new SparkConf(false).set("spark.master", "yarn");
    conf.set("spark.executor.memory", "10g");

    assertThat(HostMemory.check(need, List.of(rank("a", 64)), conf))
        .isEqualTo(
            PreflightCheck.failed(
                "memory",
                "a rank needs about 3.5 GB beside Java's heap, its container has 1.0 GB for that",
                "give -- --conf spark.executor.memoryOverhead=3584m"));
    conf.set("spark.executor.memoryOverhead", "3584m");
    assertThat(HostMemory.check(need, List.of(rank("a", 64)), conf).hasFailed()).isFalse();
  }

  private static PreflightTask.Findings rank(String host, long gigabytes) {
    return new PreflightTask.Findings(
        0, host, "0", gigabytes << 30, gigabytes << 30, false, List.of());
  }

  @Test
  void anOutputThatAnExecutorDoesNotShareIsFound() throws IOException {
    Path missing = new Path(directory.resolve(".probe").toUri());

    assertThat(OutputProbe.answer(new Configuration(), missing, 0))
        .isEqualTo(
            PreflightCheck.failed(
                "output",
                directory + " is not the driver's",
                "give a path that all machines share (hdfs://..., s3a://..., a network mount)"));
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void whatKilledChecksLeftIsDeletedAndWhatOthersWriteNowStays() throws IOException {
    java.nio.file.Path old = Files.createFile(directory.resolve(".sparkformer-probe-killed"));
    Files.createFile(directory.resolve(".sparkformer-probe-living"));
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofDays(2))));

    OutputProbe.write(new Configuration(), new Path(directory.toUri()), 1).close();

    assertThat(Folder.names(directory)).containsExactly(".sparkformer-probe-living");
  }

  @Test
  void aProbeIsAnsweredByTheRanksThatSeeIt() throws IOException {
    Path output = new Path(directory.resolve("not/there").toUri());
    Configuration hadoop = new Configuration();

    try (OutputProbe probe = OutputProbe.write(hadoop, output, 2)) {
      PreflightCheck check = OutputProbe.answer(hadoop, probe.file(), 1);

      assertThat(check)
          .isEqualTo(
              PreflightCheck.ok(
                  "output",
                  directory
                      + " can be written; a directory there is renamed in one act, so nobody sees a part of it"));
      assertThat(OutputProbe.guarantee(new CopyingFileSystem()))
          .isEqualTo(
              "a directory of copying is renamed by copying its files, so a model there is whole when"
                  + " it has its config.json, a checkpoint its DONE and a data set its dataset.json,"
                  + " which are written last");
      assertThat(probe.isAnswered(0)).isFalse();
      assertThat(probe.isAnswered(1)).isTrue();
      assertThat(probe.unanswered().detail())
          .isEqualTo("what it wrote into %s cannot be seen by the driver", directory);
    }

    assertThat(directory).isEmptyDirectory();
    assertThat(Files.exists(directory.resolve("not"))).isFalse();
  }

  @Test
  void aPeerThatCannotBeReachedIsNamed() throws IOException {
    String closed;
    try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = "127.0.0.1:" + server.getLocalPort();
      assertThat(PeerPorts.unreachable(new String[] {closed, ""})).isEmpty();
    }

    assertThat(PeerPorts.unreachable(new String[] {closed, ""})).containsExactly(closed);
  }

  private static Recipe recipe(int globalBatchSize) {
    return RecipeFile.defaults()
        .with(List.of("training.global-batch-size=" + globalBatchSize))
        .bind(DataShape.ofVocabulary(100));
  }
}
