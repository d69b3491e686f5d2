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
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A loss that is no number ends a run, with the remedies named. */
class DivergenceTest {

  @TempDir private Path directory;
  private Path data;
  private Path output;

  @BeforeEach
  void writeData() throws IOException {
    data = dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 300));
    output = directory.resolve("out");
  }

  @Test
  void divergenceStopsTheRunAndKeepsTheCheckpoints() throws IOException {
    String message =
        ": lower optimizer.learning-rate, raise schedule.warmup-steps or set optimizer.max-grad-norm; checkpoints written before it are kept";
    train(data, output, Mode.START, "training.max-steps=4");
    Map<String, Integer> before = TinyRun.content(output.resolve("checkpoints"));
    String[] divergent = {
      "optimizer.learning-rate=1e30", "schedule.warmup-steps=0", "optimizer.max-grad-norm=0"
    };

    assertThatThrownBy(() -> train(data, output, Mode.RESUME_CHANGED, divergent))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching("the loss is .* and the gradient norm .* at step [56]:.*")
        .hasMessageEndingWith(message);

    assertThat(TinyRun.content(output.resolve("checkpoints"))).isEqualTo(before);
    assertThat(train(data, output, Mode.RESUME).resumedFrom()).isEqualTo(4);
  }

  @Test
  void divergenceInTheLastStepIsNoSuccess() {
    // The step's own loss is that of the weights before it.
    assertThatThrownBy(
            () ->
                train(
                    data,
                    output,
                    Mode.START,
                    "training.max-steps=1",
                    "optimizer.learning-rate=1e38",
                    "schedule.warmup-steps=0"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(" at step 1: lower optimizer.learning-rate");
    assertThat(output.resolve("checkpoints")).isEmptyDirectory();
    assertThat(output.resolve("best")).doesNotExist();
  }
}
