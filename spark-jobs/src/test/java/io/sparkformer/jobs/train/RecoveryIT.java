package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.JobProcess;
import io.sparkformer.jobs.LoopbackCluster;
import io.sparkformer.jobs.NothingLeftBehind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/**
 * Whatever executors, machines and the driver go through, a run leaves an undisturbed one's bytes.
 */
@Tag("cluster")
@ExtendWith(NothingLeftBehind.class)
class RecoveryIT {

  private static final int LONG = 300;
  private static final int SHORT = 120;
  private static final String TOLD =
      "failure %s of at most %d: .*; (resumed from step \\d+ with \\d ranks|before it went on)";

  @TempDir private static Path directory;
  private static Training training;
  private static TrainedFiles undisturbed;

  @BeforeAll
  static void trainUndisturbed() throws Exception {
    assumeTrue(JobProcess.isLinux(), "skipped: processes are looked at in /proc, Linux's");
    Path text = directory.resolve("text.txt");
    Files.writeString(text, text(new Random(1), 60_000));
    training = Training.over(text, directory);
    training.run(Training.ONE_JVM, "undisturbed", LONG).result();
    undisturbed = training.files("undisturbed");
  }

  private static String text(Random random, int length) {
    StringBuilder text = new StringBuilder();
    while (text.length() < length) {
      text.append("the quick brown fox jumps over a lazy dog. ".substring(random.nextInt(40)));
    }
    return text.toString();
  }

  @Test
  void executorsKilledAtTenMomentsChangeNothing() throws Exception {
    Random random = new Random(42);
    TrainedFiles files = training.files("chaos");
    try (LoopbackCluster cluster = LoopbackCluster.start(directory.resolve("the cluster"), 2);
        JobProcess job =
            training.start(
                cluster.master(), "chaos", LONG, "--workers", "2", "--max-failures", "30")) {
      for (int kill = 0; kill < 10; kill++) {
        if (kill % 3 == 2) {
          // While executors start, meet or load the checkpoint.
          Thread.sleep(300 + random.nextInt(3000));
        } else {
          int step = files.step();
          int next = 10 * (step / 10 + 1) + random.nextInt(10);
          job.await("step " + next, () -> files.step() >= next && files.step() != step);
          Thread.sleep(random.nextInt(60)); // when a checkpoint is being written, or not
        }
        job.await("an executor", () -> !job.executors().isEmpty());
        List<ProcessHandle> executors = job.executors();
        JobProcess.signal("KILL", executors.get(random.nextInt(executors.size())));
      }
      JobProcess.Outcome outcome = job.end();
      job.requireNothingLeft();

      JsonNode result = outcome.result();
      int failures = result.get("failures").asInt();
      assertThat(failures).as(outcome.err()).isBetween(5, 10);
      assertThat(failureLines(outcome, 30)).isEqualTo(failures);
      assertThat(outcome.err()).doesNotContain("\tat ");
    }
    requireUndisturbed(files, LONG);
  }

  /** How many there are, numbered from 1, each once. */
  private static int failureLines(JobProcess.Outcome outcome, int max) {
    List<String> lines =
        outcome.err().lines().filter(line -> line.contains(" of at most " + max + ": ")).toList();
    for (int i = 0; i < lines.size(); i++) {
      assertThat(lines.get(i)).containsPattern(TOLD.formatted(i + 1, max)).contains("executor ");
    }
    return lines.size();
  }

  private static void requireUndisturbed(TrainedFiles files, int steps) throws Exception {
    files.requireOnTheWayOf(undisturbed);
    assertThat(files.newest()).isEqualTo("step-%08d".formatted(steps));
    assertThat(files.trainLines().stream().map(line -> line.get("step").asInt()))
        .isEqualTo(IntStream.rangeClosed(1, steps).boxed().toList());
    files.requireTidy();
  }

  @Test
  void anExecutorThatStopsIsKilledAndReplaced() throws Exception {
    try (JobProcess job =
        training.start(
            Training.PROCESSES,
            "stopped",
            SHORT,
            "--workers",
            "2",
            "--rank-timeout-seconds",
            "10")) {
      job.await("steps", () -> training.files("stopped").step() >= 15);
      ProcessHandle executor = job.executors().get(1);
      JobProcess.signal("STOP", executor);
      job.await("detection", () -> job.err().contains("does not answer and is killed"));
      JobProcess.Outcome outcome = job.end();

      assertThat(outcome.result().get("failures").asInt()).isEqualTo(1);
      assertThat(failureLines(outcome, 3)).isEqualTo(1);
      assertThat(outcome.err()).contains("did not answer and was killed; resumed from step ");
      assertThat(executor.isAlive()).isFalse();
      job.requireNothingLeft();
    }
    requireUndisturbed(training.files("stopped"), SHORT);
  }

  @Test
  void aDriverThatIsKilledTakesItsExecutorsAlongAndIsResumed() throws Exception {
    TrainedFiles files = training.files("orphans");
    try (LoopbackCluster cluster = LoopbackCluster.start(directory.resolve("driver's"), 2)) {
      try (JobProcess job = training.start(cluster.master(), "orphans", SHORT, "--workers", "2")) {
        job.await("steps", () -> files.step() >= 35);
        JobProcess.signal("KILL", job.driver());
        job.requireNothingLeft();
      }
      String newest = files.newest();
      Path weights = files.checkpoint(newest).resolve("model.safetensors");
      Files.write(weights, new byte[100]); // and a machine went with it: half of it is lost

      JobProcess.Outcome outcome =
          training.run(cluster.master(), "orphans", SHORT, "--resume", "--workers", "2");

      int before = Integer.parseInt(newest.substring(5)) - 10;
      assertThat(outcome.result().get("resumed_from").asInt()).isEqualTo(before);
    }
    requireUndisturbed(files, SHORT);
  }

  @Test
  void aRunGoesOnWithTheMachinesThatAreLeftIfTheyAreEnough() throws Exception {
    TrainedFiles files = training.files("fewer");
    List<String> options = List.of("--workers", "2", "--wait-seconds", "45", "--min-workers");
    try (LoopbackCluster cluster = LoopbackCluster.start(directory.resolve("machines"), 2)) {
      JobProcess.Outcome ended = loseAMachine(cluster, files, with(options, "2"));

      assertThat(ended.code()).as(ended.err()).isEqualTo(2);
      assertThat(ended.err().lines().reduce((first, next) -> next).orElseThrow())
          .startsWith(
              "sparkformer train: 1 of 2 executors came within 45 s, and --min-workers is 2: ")
          .contains(
              "lower --min-workers", "go on with --resume", "failure 1 of at most 3: executor ");
      assertThat(ended.err()).doesNotContain("\tat ");
    }
    try (LoopbackCluster cluster = LoopbackCluster.start(directory.resolve("others"), 2)) {
      JobProcess.Outcome resumed =
          loseAMachine(cluster, files, with(with(options, "1"), "--resume"));

      assertThat(resumed.result().get("workers").asInt()).isEqualTo(1);
      assertThat(resumed.result().get("failures").asInt()).isEqualTo(1);
      assertThat(resumed.err()).containsPattern("resumed from step \\d+ with 1 ranks");
    }
    requireUndisturbed(files, SHORT);
  }

  private static List<String> with(List<String> options, String more) {
    List<String> all = new ArrayList<>(options);
    all.add(more);
    return all;
  }

  private static JobProcess.Outcome loseAMachine(
      LoopbackCluster cluster, TrainedFiles files, List<String> options) throws Exception {
    int before = files.step();
    try (JobProcess job =
        training.start(cluster.master(), "fewer", SHORT, options.toArray(new String[0]))) {
      job.await("steps", () -> files.step() > before + 12);
      ProcessHandle machine = cluster.worker(2);
      List<ProcessHandle> executors = machine.children().toList();
      JobProcess.signal("KILL", machine);
      for (ProcessHandle executor : executors) {
        JobProcess.signal("KILL", executor);
      }
      JobProcess.Outcome outcome = job.end();
      job.requireNothingLeft();
      return outcome;
    }
  }

  @Test
  void aRunThatFailsTooOftenSaysWhyAndHowToGoOn() throws Exception {
    TrainedFiles files = training.files("often");
    try (JobProcess job =
        training.start(
            Training.PROCESSES, "often", LONG, "--workers", "2", "--max-failures", "1")) {
      job.await("steps", () -> files.step() >= 12);
      JobProcess.signal("KILL", job.executors().get(0));
      Pattern resumed = Pattern.compile("resumed from step (\\d+) with 2 ranks");
      job.await("resumption", () -> resumed.matcher(job.err()).find());
      var found = resumed.matcher(job.err());
      assertThat(found.find()).isTrue();
      int from = Integer.parseInt(found.group(1));
      job.await("a step", () -> files.step() > from);

      JobProcess.signal("KILL", job.executors().get(0));
      JobProcess.Outcome outcome = job.end();

      assertThat(outcome.code()).as(outcome.err()).isEqualTo(1);
      assertThat(outcome.out()).isEmpty();
      assertThat(outcome.err().lines().reduce((first, next) -> next).orElseThrow())
          .startsWith("sparkformer train: failure 2 of at most 1: executor ")
          .contains(" was lost (")
          .endsWith(
              "; checkpoints are kept: go on with --resume, or --overwrite if there is none yet");
      assertThat(outcome.err()).doesNotContain("\tat ");
      job.requireNothingLeft();
    }
    files.requireTidy();
  }
}
