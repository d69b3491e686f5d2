package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.InvalidInputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.Callable;
import org.apache.spark.SparkException;
import org.junit.jupiter.api.Test;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

class MainTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final ByteArrayOutputStream err = new ByteArrayOutputStream();

  @Test
  void aResultIsOneLineOfJsonWithSnakeCaseKeysAfterWhatTheJobWrote() {
    assertThat(run("count", "--to", "2")).isEqualTo(ExitCode.DONE);

    assertThat(out()).isEqualTo("žluť\n{\"counted_to\":2,\"unit_name\":\"žluť\"}\n");
    assertThat(err()).isEmpty();
  }

  @Test
  void helpOfAJobGoesToStandardOutput() {
    assertThat(run("count", "--help")).isEqualTo(ExitCode.DONE);

    assertThat(out()).startsWith("Usage: sparkformer count").contains("--to", "--help");
    assertThat(err()).isEmpty();
  }

  @Test
  void helpListsTheJobs() {
    assertThat(run("--help")).isEqualTo(ExitCode.DONE);

    assertThat(out()).contains("Usage: sparkformer", "<job>", "Jobs:", "count", "spark-submit");
  }

  @Test
  void noArgumentsShowTheHelpAsAMistake() {
    assertThat(run()).isEqualTo(ExitCode.MISUSED);

    assertThat(out()).isEmpty();
    assertThat(err()).contains("Usage: sparkformer");
  }

  @Test
  void anUnknownJobIsAMistakeWithASuggestion() {
    assertThat(run("coumt")).isEqualTo(ExitCode.MISUSED);

    assertThat(out()).isEmpty();
    assertThat(err())
        .isEqualTo(
            """
            sparkformer: there is no job 'coumt': did you mean count?
            """);
  }

  @Test
  void anUnknownOptionAndAStrayArgumentAreMistakes() {
    assertThat(run("count", "--to", "1", "--from", "2")).isEqualTo(ExitCode.MISUSED);
    assertThat(run("count", "--to", "1", "2")).isEqualTo(ExitCode.MISUSED);

    assertThat(err())
        .isEqualTo(
            """
            sparkformer count: there is no option '--from': see 'sparkformer count --help'
            sparkformer count: unexpected argument '2': see 'sparkformer count --help'
            """);
  }

  @Test
  void aMissingOptionAndAnIllTypedOneAreMistakesThatNameTheOption() {
    assertThat(run("count")).isEqualTo(ExitCode.MISUSED);
    assertThat(run("count", "--to", "many")).isEqualTo(ExitCode.MISUSED);

    assertThat(err())
        .contains(
            "sparkformer count: Missing required option: '--to=N': see 'sparkformer count --help'\n",
            "sparkformer count: Invalid value for option '--to': 'many' is not an int: see"
                + " 'sparkformer count --help'\n");
  }

  @Test
  void invalidInputIsOneLineHoweverDeepItLies() {
    Exception task = new SparkException("Job aborted.\nStack", new InvalidInputException("No x."));

    assertThat(runFailing(new RuntimeException(task))).isEqualTo(ExitCode.MISUSED);

    assertThat(err()).isEqualTo("sparkformer fail: No x.\n");
    assertThat(out()).isEmpty();
  }

  @Test
  void invalidInputThatABarrierStageReportsAsTextIsOneLine() {
    Exception barrier =
        new SparkException(
            """
            Job aborted due to stage failure: Could not recover from a failed barrier ResultStage. \
            Most recent failure reason: Stage failed because barrier task finished unsuccessfully.
            io.sparkformer.datasets.InvalidInputException: /data: no dataset.json here
            \tat io.sparkformer.Some.where(Some.java:1)
            """);

    assertThat(runFailing(barrier)).isEqualTo(ExitCode.MISUSED);

    assertThat(err()).isEqualTo("sparkformer fail: /data: no dataset.json here\n");
  }

  @Test
  void anotherFailureThatABarrierStageReportsAsTextEndsWithItsRootCause() {
    Exception barrier =
        new SparkException(
            """
            Job aborted due to stage failure: Could not recover from a failed barrier ResultStage. \
            Most recent failure reason: Stage failed because barrier task finished unsuccessfully.
            java.io.UncheckedIOException: outer
            \tat io.sparkformer.Some.where(Some.java:1)
            Caused by: java.io.IOException: Input/output error
            \t... 17 more
            """);

    assertThat(runFailing(barrier)).isEqualTo(ExitCode.FAILED);

    assertThat(err()).isEqualTo("sparkformer fail: IOException: Input/output error\n");
  }

  @Test
  void anyOtherFailureEndsWithItsRootCauseInOneLine() {
    Exception failure = new IllegalStateException("outer", new IOException("disk full\nmore"));

    assertThat(runFailing(failure)).isEqualTo(ExitCode.FAILED);

    assertThat(err()).isEqualTo("sparkformer fail: IOException: disk full\n");
    assertThat(out()).isEmpty();
  }

  @Test
  void aFailureWithoutAMessageIsNamed() {
    assertThat(runFailing(new IllegalStateException())).isEqualTo(ExitCode.FAILED);

    assertThat(err()).isEqualTo("sparkformer fail: IllegalStateException\n");
  }

  @Test
  void onlyInYarnsApplicationMasterTheJvmIsForOthersToEnd() {
    Properties settings = new Properties();
    assertThat(Main.isInApplicationMaster(settings)).isFalse();

    settings.setProperty("spark.submit.deployMode", "cluster");
    settings.setProperty("spark.master", "spark://h:7077");
    assertThat(Main.isInApplicationMaster(settings)).isFalse();

    settings.setProperty("spark.master", "yarn");
    assertThat(Main.isInApplicationMaster(settings)).isTrue();

    settings.setProperty("spark.submit.deployMode", "client");
    assertThat(Main.isInApplicationMaster(settings)).isFalse();
  }

  @Test
  void anErrorIsAFailureToo() {
    Callable<Void> job =
        () -> {
          throw new OutOfMemoryError("Java heap space");
        };

    assertThat(Main.run(List.of(new Fail(job)), new String[] {"fail"}, to(out), to(err)))
        .isEqualTo(ExitCode.FAILED);

    assertThat(err()).isEqualTo("sparkformer fail: OutOfMemoryError: Java heap space\n");
  }

  private int run(String... args) {
    return Main.run(List.of(new Count()), args, to(out), to(err));
  }

  private int runFailing(Exception failure) {
    Callable<Void> job =
        () -> {
          throw failure;
        };
    return Main.run(List.of(new Fail(job)), new String[] {"fail"}, to(out), to(err));
  }

  private String out() {
    return out.toString(StandardCharsets.UTF_8);
  }

  private String err() {
    return err.toString(StandardCharsets.UTF_8);
  }

  private static PrintStream to(ByteArrayOutputStream bytes) {
    return new PrintStream(bytes, false, StandardCharsets.UTF_8);
  }

  record Counted(int countedTo, String unitName) {}

  @Command(name = "count", description = "Counts.")
  static final class Count implements JobCommand, Callable<Counted> {
    @Spec private CommandSpec spec;

    @Option(names = "--to", paramLabel = "N", required = true)
    private int to;

    @Override
    public Counted call() {
      CommandLine line = spec.commandLine();
      line.getOut().println("žluť");
      return new Counted(to, "žluť");
    }
  }

  @Command(name = "fail")
  static final class Fail implements JobCommand, Callable<Void> {
    private final Callable<Void> job;

    Fail(Callable<Void> job) {
      this.job = job;
    }

    @Override
    public Void call() throws Exception {
      return job.call();
    }
  }
}
