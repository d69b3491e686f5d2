package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static io.sparkformer.run.TinyRun.train;
import static io.sparkformer.run.TinyRun.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.EvaluationConfig;
import io.sparkformer.run.RunDirectory.Mode;
import io.sparkformer.run.TrainingEvent.Evaluated;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which model is the best one, and when nothing better is waited for. */
class EarlyStoppingTest {

  private static final String[] PATIENT = {
    "training.max-steps=40",
    "evaluation.interval=1",
    "evaluation.patience=3",
    "checkpoint.interval=2",
    "checkpoint.keep=40",
    "evaluation.batches=1",
    "model.dropout=0"
  };

  private static final String[] CLASSIFIER = {
    "model.head.kind=sequence-classification",
    "data.order=epochs",
    "training.max-steps=10",
    "evaluation.interval=2",
    "evaluation.batches=0",
    "optimizer.learning-rate=0.03"
  };

  @TempDir private static Path shared;
  @TempDir private Path directory;

  /** What is learned from one text is wrong for the other. */
  private static Path misleading;

  private static Path labelled;

  @BeforeAll
  static void writeData() throws IOException {
    misleading = TinyRun.dataset(shared.resolve("text"), "ab".repeat(300), "bbaa".repeat(50));
    labelled =
        LabelledText.dataset(
            shared.resolve("labelled"), LabelledText.texts(64, 1), LabelledText.texts(30, 2));
  }

  @Test
  void trainingStopsWhenNothingBecameBetterForSoManyEvaluations() throws IOException {
    List<Double> losses = new ArrayList<>();

    TrainingResult summary = run(misleading, "out", losses, PATIENT);

    int stop = stopAfter(losses, 3, 0);
    assertThat(summary.stoppedEarly()).isTrue();
    assertThat(summary.steps()).isEqualTo(stop).isLessThan(40);
    assertThat(losses).hasSize(stop);
    assertThat(summary.monitor()).isEqualTo("loss");
    assertThat(summary.best()).isEqualTo(losses.get(stop - 4)).isLessThan(losses.get(stop - 1));
    EvaluationRecord best = kept("out", "best");
    assertThat(best.step()).isEqualTo(stop - 3L);
    assertThat(best.loss()).isEqualTo(summary.best());
    assertThat(kept("out", "last").step()).isEqualTo(stop);
    assertThat(Folder.names(directory.resolve("out/checkpoints")))
        .last()
        .isEqualTo(String.format("step-%08d", stop));
  }

  @Test
  void aBetterOneMustBeBetterByMinDeltaToBeWaitedForButIsKept() throws IOException {
    List<Double> losses = new ArrayList<>();

    TrainingResult summary =
        run(
            TinyRun.dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT),
            "out",
            losses,
            with(PATIENT, "evaluation.min-delta=100"));

    // The first is better than none by more than 100, no other is.
    assertThat(summary.steps()).isEqualTo(4);
    assertThat(summary.stoppedEarly()).isTrue();
    assertThat(losses.get(3)).isLessThan(losses.get(0));
    assertThat(summary.best()).isEqualTo(losses.get(3));
    assertThat(kept("out", "best").step()).isEqualTo(4);
  }

  @Test
  void aRunThatIsNotImpatientGoesOnToItsLastStep() throws IOException {
    TrainingResult summary =
        run(
            misleading,
            "out",
            new ArrayList<>(),
            with(PATIENT, "evaluation.patience=0", "training.max-steps=20"));

    assertThat(summary.best()).isLessThan(summary.valid().loss());
    assertThat(summary.stoppedEarly()).isFalse();
    assertThat(summary.steps()).isEqualTo(20);
  }

  @Test
  void aResumedRunStopsWhereOneThatNeverStoppedDoes() throws IOException {
    TrainingResult expected = run(misleading, "once", new ArrayList<>(), PATIENT);
    long before = (expected.steps() - 2) / 2 * 2; // within the patience
    assertThatThrownBy(
            () ->
                train(
                    misleading,
                    directory.resolve("twice"),
                    Mode.START,
                    event -> {
                      if (event instanceof TrainingEvent.StepDone done
                          && done.step() == before + 1) {
                        throw new IllegalStateException("stopped");
                      }
                    },
                    PATIENT))
        .hasMessage("stopped");

    TrainingResult resumed = train(misleading, directory.resolve("twice"), Mode.RESUME, PATIENT);

    assertThat(resumed.resumedFrom()).isEqualTo(before);
    assertThat(resumed.steps()).isEqualTo(expected.steps());
    assertThat(resumed.stoppedEarly()).isTrue();
    assertThat(resumed.best()).isEqualTo(expected.best());
    for (String model : List.of("best", "last")) {
      assertThat(Files.readAllBytes(directory.resolve("twice/" + model + "/model.safetensors")))
          .isEqualTo(Files.readAllBytes(directory.resolve("once/" + model + "/model.safetensors")));
    }

    // And what has stopped for good is not trained on.
    TrainingResult again = train(misleading, directory.resolve("twice"), Mode.RESUME, PATIENT);
    assertThat(again.steps()).isEqualTo(expected.steps());
    assertThat(again.resumedFrom()).isEqualTo(expected.steps());
  }

  @ParameterizedTest
  @ValueSource(strings = {"accuracy", "macro-f1"})
  void theBestModelOfAClassifierIsTheOneOfTheHighestFigure(String monitor) throws IOException {
    List<Evaluated> evaluations = new ArrayList<>();

    TrainingResult summary =
        train(
            labelled,
            directory.resolve("out"),
            Mode.START,
            event -> {
              if (event instanceof Evaluated of && of.split() == SplitName.VALID) {
                evaluations.add(of);
              }
            },
            with(CLASSIFIER, "evaluation.monitor=" + monitor));

    double best = Double.NEGATIVE_INFINITY;
    long step = 0;
    for (Evaluated of : evaluations) {
      double figure =
          monitor.equals("accuracy")
              ? of.result().accuracy()
              : of.result().report().macroAverage().f1();
      if (figure > best) {
        best = figure;
        step = of.step();
      }
    }
    assertThat(evaluations).hasSize(5);
    assertThat(summary.monitor()).isEqualTo(monitor);
    assertThat(summary.best()).isEqualTo(best).isGreaterThan(0.25);
    EvaluationRecord kept = kept("out", "best");
    assertThat(kept.step()).isEqualTo(step);
    assertThat(kept.split()).isEqualTo(SplitName.VALID);
    assertThat(kept.confusionMatrix().orElseThrow().labels()).isEqualTo(LabelledText.LABELS);
    if (monitor.equals("accuracy")) {
      assertThat(kept.accuracy()).isEqualTo(best);
    }
  }

  @Test
  void aRunIsNotResumedByAnotherFigureThanItsBestIsOf() throws IOException {
    Path out = directory.resolve("out");
    String[] two = with(PATIENT, "training.max-steps=2");
    train(misleading, out, Mode.START, two);

    for (String setting : List.of("evaluation.monitor=accuracy", "evaluation.best=max")) {
      assertThatThrownBy(() -> train(misleading, out, Mode.RESUME, with(two, setting)))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageStartingWith("cannot resume " + out + ": evaluation.")
          .hasMessageEndingWith(
              setting.contains("best")
                  ? ": evaluation.best was auto and is max: use what the run was started with, or start another --output"
                  : ": evaluation.monitor was loss and is accuracy: use what the run was started with, or start another --output");
    }
    assertThat(train(misleading, out, Mode.RESUME, with(two, "evaluation.best=min")).steps())
        .isEqualTo(2);
  }

  @ParameterizedTest
  @CsvSource({"max, 1, 2", "min, 2, 1"})
  void whichWayIsBetterCanBeSaid(String best, double worse, double better) {
    for (String monitor : List.of("loss", "accuracy")) {
      EvaluationConfig plan =
          TinyRun.recipe("evaluation.best=" + best, "evaluation.monitor=" + monitor)
              .bind(DataShape.ofVocabulary(5))
              .evaluation();
      assertThat(plan.isBetter(better, worse)).isTrue();
      assertThat(plan.isBetter(worse, better)).isFalse();
      assertThat(plan.isBetter(worse, worse)).isFalse();
      assertThat(plan.isBetter(worse, plan.worst())).isTrue();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"macro-f1", "weighted-f1"})
  void whatOnlyClassifiersHaveIsRefusedForLanguageModels(String monitor) {
    assertThatThrownBy(
            () -> TinyRun.recipe("evaluation.monitor=" + monitor).bind(DataShape.ofVocabulary(5)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "evaluation.monitor is "
                + monitor
                + ", which a language model does not have: set it to loss or accuracy");
  }

  /** The number of evaluations after which none was better than the best for so many. */
  private static int stopAfter(List<Double> losses, int patience, double minDelta) {
    double best = Double.POSITIVE_INFINITY;
    int since = 0;
    for (int i = 0; i < losses.size(); i++) {
      since = losses.get(i) < best - minDelta ? 0 : since + 1;
      best = Math.min(best, losses.get(i));
      if (since == patience) {
        return i + 1;
      }
    }
    return losses.size();
  }

  private TrainingResult run(Path data, String output, List<Double> losses, String... settings)
      throws IOException {
    return train(
        data,
        directory.resolve(output),
        Mode.START,
        event -> {
          if (event instanceof Evaluated of && of.split() == SplitName.VALID) {
            losses.add(of.result().loss());
          }
        },
        settings);
  }

  private EvaluationRecord kept(String output, String model) throws IOException {
    return EvaluationRecord.read(localFiles(), hadoop(directory.resolve(output).resolve(model)));
  }
}
