package io.sparkformer.jobs.dataset;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import org.junit.jupiter.api.Test;

/** dataset without one of its commands, and help. */
class DatasetCommandTest {

  @Test
  void withoutACommandTheHelpIsShownAsAMistake() {
    CommandRun run = CommandRun.of("dataset");

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.out()).isEmpty();
    assertThat(run.err())
        .startsWith("Usage: sparkformer dataset [-h] <command>")
        .contains("Commands:", "show", "verify", "merge");
  }

  @Test
  void helpAndMistakesNameTheCommand() {
    CommandRun help = CommandRun.of("dataset", "merge", "--help");
    assertThat(help.code()).isZero();
    assertThat(help.out()).startsWith("Usage: sparkformer dataset merge").contains("--overwrite");
    assertThat(CommandRun.of("dataset", "--help").out()).contains("verify");

    assertThat(CommandRun.of("dataset", "show").err())
        .isEqualTo(
            """
            sparkformer dataset show: Missing required option: '--data=DIR': see 'sparkformer dataset show --help'
            """);
    assertThat(CommandRun.of("dataset", "shaw").err())
        .isEqualTo(
            """
            sparkformer dataset: there is no command 'shaw': did you mean show?
            """);
  }
}
