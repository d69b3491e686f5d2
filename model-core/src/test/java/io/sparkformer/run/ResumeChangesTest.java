package io.sparkformer.run;

import static io.sparkformer.run.TinyRun.dataset;
import static io.sparkformer.run.TinyRun.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a recipe changes of a run that goes on by it is said, and wanted. */
class ResumeChangesTest {

  private static final String REMEDY =
      ": use what the run was started with, or give --allow-changes";

  @TempDir private Path directory;
  private Path data;
  private Path output;

  @BeforeEach
  void trainTwelveSteps() throws IOException {
    data = dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 300));
    output = directory.resolve("out");
    train(data, output, Mode.START, "training.max-steps=12", "schedule.decay-steps=0");
  }

  @Test
  void aLongerScheduleChangesTheRateOfTheNextStepAndIsSaid() throws IOException {
    assertRefused("training.max-steps=24", "schedule.decay-steps=0")
        .hasMessage(
            "cannot resume %s as it was: the learning rate of step 13 was to be 0.000100 and is 0.00615"
                + " (training.max-steps was 12 and is 24)%s",
            output, REMEDY);
    assertThat(
            train(
                    data,
                    output,
                    Mode.RESUME_CHANGED,
                    "training.max-steps=24",
                    "schedule.decay-steps=0")
                .resumedFrom())
        .isEqualTo(12);
  }

  @Test
  void aShorterRunWithTheSameRatesIsNoChange() throws IOException {
    assertThat(
            train(
                    data,
                    output,
                    Mode.RESUME,
                    "training.max-steps=12",
                    "schedule.decay-steps=0",
                    "evaluation.interval=3",
                    "checkpoint.interval=2",
                    "training.log-interval=1")
                .resumedFrom())
        .isEqualTo(12);
  }

  @Test
  void whatDecidesTheOrderOfTheDataAndTheUpdatesIsSaidWithTheStep() throws IOException {
    String[] longer = {"training.max-steps=24", "schedule.decay-steps=12"};
    assertThat(train(data, output, Mode.RESUME, longer).resumedFrom()).isEqualTo(12);

    assertRefused(TinyRun.with(longer, "training.seed=8"))
        .hasMessage(
            "cannot resume %s as it was: training.seed was 7 and is 8 from step 25 on%s",
            output, REMEDY);
    assertRefused(TinyRun.with(longer, "data.order=epochs"))
        .hasMessageContaining("data.order was random and is epochs from step 25 on");
    assertRefused(TinyRun.with(longer, "training.global-batch-size=4"))
        .hasMessageContaining("training.global-batch-size was 8 and is 4 from step 25 on");
    assertRefused(TinyRun.with(longer, "training.micro-batch-size=8"))
        .hasMessageContaining("training.micro-batch-size was 4 and is 8 from step 25 on");
    assertRefused(TinyRun.with(longer, "model.dropout=0"))
        .hasMessageContaining("model.dropout was 0.1 and is 0.0 from step 25 on");
    assertRefused(TinyRun.with(longer, "optimizer.beta2=0.9", "loss.label-smoothing=0.1"))
        .hasMessageContaining(
            "loss.label-smoothing was 0.0 and is 0.1 from step 25 on;"
                + " optimizer.beta2 was 0.95 and is 0.9 from step 25 on");
  }

  @Test
  void whatAllowsForNoGoingOnIsRefusedEvenSo() throws IOException {
    for (String setting :
        new String[] {
          "model.num-layers=1",
          "optimizer.kind=adam",
          "training.freeze=['*.bias']",
          "evaluation.monitor=accuracy"
        }) {
      String key = setting.substring(0, setting.indexOf('='));
      assertRefused(Mode.RESUME_CHANGED, "schedule.decay-steps=0", setting)
          .hasMessageContaining("cannot resume %s: %s was ", output, key)
          .hasMessageEndingWith(": use what the run was started with, or start another --output");
    }
  }

  private AbstractThrowableAssert<?, ?> assertRefused(String... settings) throws IOException {
    return assertRefused(Mode.RESUME, settings);
  }

  private AbstractThrowableAssert<?, ?> assertRefused(Mode mode, String... settings)
      throws IOException {
    Map<String, Integer> before = TinyRun.content(output);
    AbstractThrowableAssert<?, ?> refused =
        assertThatThrownBy(() -> train(data, output, mode, settings))
            .isInstanceOf(InvalidInputException.class);
    assertThat(TinyRun.content(output)).isEqualTo(before);
    return refused;
  }
}
