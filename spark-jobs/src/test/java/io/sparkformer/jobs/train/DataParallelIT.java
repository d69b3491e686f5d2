package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.SharedData;
import io.sparkformer.jobs.JobProcess;
import io.sparkformer.jobs.LoopbackCluster;
import io.sparkformer.jobs.NothingLeftBehind;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the number of ranks, a run leaves the bytes that one rank leaves. */
@Tag("cluster")
@ExtendWith(NothingLeftBehind.class)
class DataParallelIT {

  private static final int STEPS = 50;

  @TempDir private static Path directory;
  private static Training training;

  @BeforeAll
  static void trainWithOneRank() throws Exception {
    training = Training.over(SharedData.file("tinyshakespeare/input.txt"), directory);
    assertThat(training.run(Training.ONE_JVM, "one", STEPS).result().get("steps").asInt())
        .isEqualTo(STEPS);
  }

  @Test
  void twoExecutorsOfAClusterLeaveTheBytesOfOneRank() throws Exception {
    try (LoopbackCluster cluster = LoopbackCluster.start(directory.resolve("the cluster"), 2)) {
      JobProcess.Outcome outcome = training.run(cluster.master(), "two", STEPS, "--workers", "2");

      assertThat(outcome.result().get("workers").asInt()).isEqualTo(2);
      assertThat(outcome.result().get("failures").asInt()).isZero();
    }
    training.files("two").requireSameAs(training.files("one"));
  }

  @Test
  void threeRanksLeaveTheBytesOfOneRank() throws Exception {
    JobProcess.Outcome outcome = training.run(Training.PROCESSES, "three", STEPS, "--workers", "3");

    assertThat(outcome.result().get("workers").asInt()).isEqualTo(3);
    training.files("three").requireSameAs(training.files("one"));
  }

  @Test
  void aRunGoesOnWithAnyNumberOfRanks() throws Exception {
    training.run(Training.PROCESSES, "turns", 10, "--workers", "4").result();
    training.run(Training.ONE_JVM, "turns", 20, "--resume").result();
    training.run(Training.PROCESSES, "turns", 30, "--resume", "--workers", "2").result();
    JobProcess.Outcome last =
        training.run(Training.PROCESSES, "turns", STEPS, "--resume", "--workers", "4");

    assertThat(last.result().get("resumed_from").asInt()).isEqualTo(30);
    training.files("turns").requireSameAs(training.files("one"));
  }

  @Test
  void moreRanksThanRowsAreRefused() throws Exception {
    requireMistake(
        training.run(Training.PROCESSES, "many", STEPS, "--workers", "49"),
        "--workers 49 is more than the rows of a step, 48",
        "lower --workers");
  }

  @Test
  void microBatchesThatAreTooFewAreSplitAndTheRunHasTheBitsOfTheirSize() throws Exception {
    String whole = "training.micro-batch-size=48";
    JobProcess.Outcome two =
        training.run(Training.PROCESSES, "split", 20, "--workers", "2", "--set", whole);

    assertThat(two.result().get("workers").asInt()).isEqualTo(2);
    assertThat(two.err())
        .contains(
            "training.micro-batch-size is 24 in place of 48: so each of 2 workers has a part of every"
                + " step");
    training.run(Training.ONE_JVM, "halves", 20, "--set", "training.micro-batch-size=24").result();
    training.files("split").requireSameAs(training.files("halves"));

    JobProcess.Outcome alone =
        training.run(Training.ONE_JVM, "split", 30, "--resume", "--set", whole);
    assertThat(alone.result().get("resumed_from").asInt()).isEqualTo(20);
    assertThat(alone.err())
        .contains("training.micro-batch-size is 24 in place of 48: so the run began");

    JobProcess.Outcome changed =
        training.run(
            Training.ONE_JVM,
            "split",
            40,
            "--resume",
            "--allow-changes",
            "--set",
            whole,
            "--set",
            "training.seed=8");
    assertThat(changed.result().get("steps").asInt()).isEqualTo(40);
    assertThat(changed.err())
        .containsPattern("going on with changes: training.seed was \\d+ and is 8 from step 31 on");
  }

  @Test
  void aMistakeThatOnlyExecutorsSeeIsSaidOnce() throws Exception {
    Path text = Files.writeString(directory.resolve("short.txt"), "the fox");
    training.tokenize(text, "short data");

    requireMistake(
        training.run(Training.PROCESSES, "short", STEPS, "--workers", "2", "--data", "short data"),
        "context-length");
    assertThat(directory.resolve("short")).doesNotExist();
  }

  @Test
  void aRunThatDivergesEndsWithoutAnotherTry() throws Exception {
    requireMistake(
        training.run(
            Training.PROCESSES,
            "diverged",
            STEPS,
            "--workers",
            "2",
            "--set",
            "optimizer.learning-rate=1e30",
            "--set",
            "schedule.min-learning-rate=1e30"),
        "the loss is ",
        "lower optimizer.learning-rate");
  }

  @Test
  void aDamagedShardIsNamed() throws Exception {
    Path damaged = Files.createDirectory(directory.resolve("damaged"));
    try (var files = Files.list(directory.resolve("data"))) {
      for (Path file : files.toList()) {
        Files.copy(file, damaged.resolve(file.getFileName()));
      }
    }
    try (RandomAccessFile shard =
        new RandomAccessFile(damaged.resolve("train-00000-of-00001.bin").toFile(), "rw")) {
      shard.seek(1000);
      shard.write(77);
    }

    requireMistake(
        training.run(Training.PROCESSES, "none", STEPS, "--workers", "2", "--data", "damaged"),
        "train-00000-of-00001.bin");
    assertThat(directory.resolve("none")).doesNotExist();
  }

  private static void requireMistake(JobProcess.Outcome outcome, String... parts) {
    assertThat(outcome.code()).as(outcome.err()).isEqualTo(2);
    assertThat(outcome.out()).isEmpty();
    List<String> said =
        outcome.err().lines().filter(line -> line.startsWith("sparkformer train: ")).toList();
    assertThat(said).as(outcome.err()).hasSize(1);
    assertThat(said.get(0)).contains(parts);
    assertThat(outcome.err()).doesNotContain("\tat ", "failure 1");
  }
}
