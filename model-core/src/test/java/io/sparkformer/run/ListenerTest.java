package io.sparkformer.run;

import static io.sparkformer.run.TinyRun.train;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.run.RunDirectory.Mode;
import io.sparkformer.run.TrainingEvent.CheckpointWritten;
import io.sparkformer.run.TrainingEvent.EpochDone;
import io.sparkformer.run.TrainingEvent.Evaluated;
import io.sparkformer.run.TrainingEvent.Logged;
import io.sparkformer.run.TrainingEvent.StepDone;
import io.sparkformer.run.TrainingEvent.Underway;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run tells its listeners, and when. */
class ListenerTest {

  @TempDir private Path directory;

  @Test
  void aRunTellsEveryStepEpochEvaluationLineAndCheckpoint() throws IOException {
    Path data =
        LabelledText.dataset(
            directory.resolve("data"), LabelledText.texts(24, 1), LabelledText.texts(8, 2));
    List<TrainingEvent> training = new ArrayList<>();
    List<Underway> between = new ArrayList<>();
    List<CheckpointWritten> checkpoints = new CopyOnWriteArrayList<>();
    List<Boolean> whole = new CopyOnWriteArrayList<>();

    TrainingResult summary =
        train(
            data,
            directory.resolve("out"),
            Mode.START,
            event -> {
              if (event instanceof CheckpointWritten written) {
                checkpoints.add(written);
                whole.add(Files.exists(Path.of(written.path().toUri().getPath()).resolve("DONE")));
              } else if (event instanceof Underway underway) {
                between.add(underway);
              } else {
                training.add(event);
              }
            },
            "model.head.kind=sequence-classification",
            "data.order=epochs",
            "training.max-epochs=2",
            "training.log-interval=2",
            "evaluation.interval=1",
            "evaluation.per=epoch",
            "checkpoint.interval=2");

    assertThat(training.stream().map(ListenerTest::shown).toList())
        .containsExactly(
            "step 1",
            "line TRAIN 1 train",
            "step 2",
            "line TRAIN 2 train",
            "step 3",
            "epoch 1 at 3",
            "evaluated 3 train",
            "line EVALUATION 3 train",
            "evaluated 3 valid",
            "line EVALUATION 3 valid",
            "step 4",
            "line TRAIN 4 train",
            "step 5",
            "step 6",
            "line TRAIN 6 train",
            "epoch 2 at 6",
            "evaluated 6 train",
            "line EVALUATION 6 train",
            "evaluated 6 valid",
            "line EVALUATION 6 valid");
    assertThat(between)
        .extracting(Underway::what)
        .startsWith(
            "evaluating the train split: 1 of 2 batches",
            "evaluating the train split: 2 of 2 batches",
            "evaluating the valid split: 1 of 2 batches",
            "evaluating the valid split: 2 of 2 batches")
        .endsWith("writing the last model", "trying the best model on examples");
    assertThat(between.get(0).step()).isEqualTo(3);
    assertThat(checkpoints).extracting(CheckpointWritten::step).containsExactly(2L, 4L, 6L);
    assertThat(whole).containsOnly(true);
    assertThat(checkpoints.get(2).path().getName()).isEqualTo("step-00000006");
    Evaluated last = (Evaluated) training.get(training.size() - 2);
    assertThat(last.result()).isEqualTo(summary.valid());
    assertThat(last.result().confusion().labels()).isEqualTo(LabelledText.LABELS);
    Metric line = ((Logged) training.get(training.size() - 1)).metric();
    assertThat(line.loss()).isEqualTo(summary.valid().loss());
    assertThat(line.accuracy()).isEqualTo(summary.valid().accuracy());
    assertThat(line.macroF1()).isEqualTo(summary.valid().report().macroAverage().f1());
    StepDone first = (StepDone) training.get(0);
    assertThat(((Logged) training.get(1)).metric().gradNorm()).isEqualTo(first.result().gradNorm());
  }

  @Test
  void aRunOfBf16ShowsWhatItsModelWritesWithoutAWarning() throws IOException {
    Path data = TinyRun.dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT);
    try (Warnings warnings = Warnings.listen()) {
      train(
          data,
          directory.resolve("out"),
          Mode.START,
          "training.precision=bf16",
          "training.max-steps=2");

      assertThat(warnings.messages()).isEmpty();
    }
    assertThat(directory.resolve("out/showcase.json")).isNotEmptyFile();
  }

  private static String shown(TrainingEvent event) {
    if (event instanceof StepDone done) {
      return "step " + done.step();
    }
    if (event instanceof EpochDone done) {
      return "epoch " + done.epoch() + " at " + done.step();
    }
    if (event instanceof Evaluated of) {
      return "evaluated " + of.step() + " " + of.split();
    }
    Metric line = ((Logged) event).metric();
    return "line " + line.event() + " " + line.step() + " " + line.split();
  }
}
