package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.jobs.JobProcess;
import io.sparkformer.jobs.NothingLeftBehind;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What a run leaves that somebody ends, and a second run on the output of one that goes on. */
@Tag("cluster")
@ExtendWith(NothingLeftBehind.class)
class InterruptionIT {

  private static final int INTERRUPTED = 130;
  private static final int LONG = 100_000_000;
  private static final String[] NO_CHECKPOINTS = {
    "--set", "checkpoint.interval=50000000", "--set", "evaluation.interval=50000000"
  };

  @TempDir private static Path directory;
  private static Training training;

  @BeforeAll
  static void tokenize() throws Exception {
    assumeTrue(JobProcess.isLinux(), "skipped: processes are looked at in /proc, Linux's");
    training = Training.over(SharedData.file("tinyshakespeare/input.txt"), directory);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2})
  void anInterruptBeforeTheFirstCheckpointKeepsOneOfWhatWasTrained(int workers) throws Exception {
    String name = "interrupted by " + workers;
    TrainedFiles files = training.files(name);
    String[] options = with(NO_CHECKPOINTS, "--workers", Integer.toString(workers));
    JobProcess.Outcome outcome;
    String master = workers == 1 ? Training.ONE_JVM : Training.PROCESSES;
    try (JobProcess job = training.start(master, name, LONG, options)) {
      job.await("steps", () -> files.step() >= 20);
      assertThat(files.checkpoints()).isEmpty();
      for (ProcessHandle executor : job.executors()) { // as a terminal does
        JobProcess.signal("INT", executor);
      }
      JobProcess.signal("INT", job.driver());
      outcome = job.end();
      job.requireNothingLeft();
    }

    assertThat(outcome.code()).as(outcome.err()).isEqualTo(INTERRUPTED);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).doesNotContain("\tat ");
    Matcher told =
        Pattern.compile("interrupted; the checkpoint of step (\\d+) is kept: go on with --resume")
            .matcher(outcome.err());
    assertThat(told.find()).as(outcome.err()).isTrue();
    int step = Integer.parseInt(told.group(1));
    assertThat(files.checkpoints()).containsExactly("step-%08d".formatted(step));
    assertThat(step).isGreaterThanOrEqualTo(20);
    files.requireTidy();
    assertThat(Files.readString(files.output().resolve("report.html")))
        .contains("The checkpoint of step %,d is kept: --resume goes on from it.".formatted(step));

    JsonNode resumed =
        training.run(Training.ONE_JVM, name, step + 5, with(NO_CHECKPOINTS, "--resume")).result();
    assertThat(resumed.get("resumed_from").asInt()).isEqualTo(step);
    training.run(Training.ONE_JVM, "whole " + workers, step + 5, NO_CHECKPOINTS).result();
    assertThat(files.output().resolve("last/model.safetensors"))
        .hasSameBinaryContentAs(
            training.files("whole " + workers).output().resolve("last/model.safetensors"));
  }

  @Test
  void aSecondRunOnTheOutputOfOneThatGoesOnIsRefusedAndChangesNothing() throws Exception {
    TrainedFiles files = training.files("shared");
    try (JobProcess first = training.start(Training.ONE_JVM, "shared", 400)) {
      first.await("steps", () -> files.step() >= 20);

      for (String mode : new String[] {"--overwrite", "--resume"}) {
        JobProcess.Outcome second = training.run(Training.ONE_JVM, "shared", 10, mode);

        assertThat(second.code()).as(second.err()).isEqualTo(2);
        assertThat(second.out()).isEmpty();
        assertThat(second.err())
            .doesNotContain("\tat ")
            .matches(
                "(?s).*sparkformer train: --output .*shared is being written by another job \\(process \\d+"
                    + " on [^ ]+\\): wait until it ends, or choose another directory\n");
      }
      assertThat(first.end().result().get("steps").asInt()).isEqualTo(400);
    }
    training.run(Training.ONE_JVM, "alone", 400).result();
    files.requireSameAs(training.files("alone"));
  }

  @Test
  void aRunWhoseOutputAnotherHasTakenOverEndsAndKeepsNothingThere() throws Exception {
    TrainedFiles files = training.files("taken");
    JobProcess.Outcome outcome;
    try (JobProcess job = training.start(Training.ONE_JVM, "taken", LONG, NO_CHECKPOINTS)) {
      job.await("steps", () -> files.step() >= 20);
      String others = "0f8fad5b-d9cb-469f-a165-70867728950e/0 1 elsewhere 7";
      Files.writeString(directory.resolve(".taken.lock"), others);
      outcome = job.end();

      assertThat(directory.resolve(".taken.lock")).hasContent(others);
    }
    assertThat(outcome.code()).as(outcome.err()).isEqualTo(1);
    assertThat(outcome.err())
        .contains("taken.lock was taken over by another job: this one ends")
        .doesNotContain("\tat ");
    assertThat(outcome.err().lines().reduce((first, next) -> next).orElseThrow())
        .startsWith("sparkformer train: ")
        .endsWith(
            ".taken.lock was taken over by another job while this one did not answer: run it again");
    assertThat(files.checkpoints()).isEmpty();
    assertThat(files.output().resolve("best")).doesNotExist();
  }

  private static String[] with(String[] options, String... more) {
    return java.util.stream.Stream.of(options, more)
        .flatMap(java.util.Arrays::stream)
        .toArray(String[]::new);
  }
}
