package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.run.TinyRun.train;
import static io.sparkformer.run.TinyRun.with;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.IntervalUnit;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.ScheduleConfig;
import io.sparkformer.run.RunDirectory.Mode;
import io.sparkformer.train.Trainer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs that are counted in passes over the train split. */
class EpochsTest {

  private static final int TRAIN = 44;

  /** 44 texts in steps of 8: an epoch has 5 steps, or 6 of which the last has 4. */
  private static final String[] EPOCHS = {
    "model.head.kind=sequence-classification", "data.order=epochs", "training.max-epochs=3"
  };

  @TempDir private static Path shared;
  @TempDir private Path directory;
  private static Path data;
  private static List<String> texts;

  @BeforeAll
  static void writeData() throws IOException {
    texts = LabelledText.texts(TRAIN, 1);
    data = LabelledText.dataset(shared.resolve("data"), texts, LabelledText.texts(12, 2));
  }

  @Test
  void everySampleIsTrainedOnOnceAnEpochInAnOrderOfItsOwn() throws IOException {
    String[] all = with(EPOCHS, "data.drop-last=false");
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      Recipe recipe = bind(dataset, all);
      TrainingData samples = TrainingData.of(recipe, dataset);

      List<String> first = texts(samples, recipe, 0, 6);
      List<String> second = texts(samples, recipe, 6, 12);

      assertThat(recipe.training().stepsPerEpoch()).isEqualTo(6);
      assertThat(first).containsExactlyInAnyOrderElementsOf(texts).isNotEqualTo(texts);
      assertThat(second).containsExactlyInAnyOrderElementsOf(texts).isNotEqualTo(first);
      // Whoever asks for it, and in whatever order.
      assertThat(texts(TrainingData.of(recipe, dataset), recipe, 6, 12)).isEqualTo(second);
    }
  }

  @Test
  void whatIsDroppedAtAnEpochsEndIsNotRepeatedInIt() throws IOException {
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      Recipe recipe = bind(dataset, EPOCHS);
      assertThat(recipe.training().stepsPerEpoch()).isEqualTo(5);
      assertThat(recipe.training().maxSteps()).isEqualTo(15);

      List<String> seen = texts(TrainingData.of(recipe, dataset), recipe, 0, 5);

      assertThat(seen).hasSize(40);
      List<String> left = new ArrayList<>(texts);
      seen.forEach(text -> assertThat(left.remove(text)).as(text).isTrue());
      assertThat(left).hasSize(4);
    }
  }

  @Test
  void aLanguageModelSeesWindowsSideBySide() throws IOException {
    Path text = TinyRun.dataset(directory.resolve("text"), TinyRun.TEXT, "the dog");
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(text))) {
      Recipe recipe = bind(dataset, "data.order=epochs", "training.max-epochs=1");
      // 1,800 characters are 224 windows of 8 and their next ones: 28 steps of 8.
      assertThat(recipe.training().maxSteps()).isEqualTo(28);

      List<String> windows = texts(TrainingData.of(recipe, dataset), recipe, 0, 28);

      int[] ids = dataset.tokenizer().encode(TinyRun.TEXT);
      List<String> expected = new ArrayList<>();
      for (int from = 0; from + 8 < ids.length; from += 8) {
        expected.add(shown(Arrays.stream(ids, from, from + 8).asLongStream()));
      }
      assertThat(windows).containsExactlyInAnyOrderElementsOf(expected);
    }
  }

  @Test
  void thePartialBatchAtAnEpochsEndIsTrainedOnIfItIsKept() throws IOException {
    List<Trainer.Step> steps = new ArrayList<>();
    long tokens = texts.stream().mapToLong(String::length).sum();

    TrainingResult summary =
        train(
            data,
            directory.resolve("out"),
            Mode.START,
            event -> {
              if (event instanceof TrainingEvent.StepDone done) {
                steps.add(done.result());
              }
            },
            with(EPOCHS, "data.drop-last=false", "training.max-epochs=2"));

    assertThat(summary.steps()).isEqualTo(12);
    assertThat(summary.epochs()).isEqualTo(2);
    for (int epoch = 0; epoch < 2; epoch++) {
      assertThat(
              steps.subList(6 * epoch, 6 * epoch + 6).stream()
                  .mapToDouble(Trainer.Step::tokens)
                  .sum())
          .isEqualTo((double) tokens);
    }
    assertThat(steps.get(5).gradNorm()).isPositive();
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aRunThatIsResumedInTheMiddleOfAnEpochEndsWithTheSameBits(boolean dropLast)
      throws IOException {
    String[] settings = with(EPOCHS, "data.drop-last=" + dropLast, "schedule.per=epoch");
    Path once = directory.resolve("once");
    Path twice = directory.resolve("twice");
    TrainingResult expected = train(data, once, Mode.START, settings);
    assertThatThrownBy(
            () ->
                train(
                    data,
                    twice,
                    Mode.START,
                    event -> {
                      if (event instanceof TrainingEvent.StepDone done && done.step() == 10) {
                        throw new IllegalStateException("stopped");
                      }
                    },
                    settings))
        .hasMessage("stopped");

    TrainingResult resumed = train(data, twice, Mode.RESUME, settings);

    assertThat(resumed.resumedFrom()).isEqualTo(8); // of 5 or 6 steps an epoch: within the second
    assertThat(resumed.epochs()).isEqualTo(expected.epochs()).isEqualTo(3);
    assertThat(resumed.valid()).isEqualTo(expected.valid());
    for (String file :
        List.of("last/model.safetensors", "best/model.safetensors", "best/evaluation.json")) {
      assertThat(Files.readAllBytes(twice.resolve(file)))
          .as(file)
          .isEqualTo(Files.readAllBytes(once.resolve(file)));
    }
  }

  @Test
  void rateEvaluationsAndCheckpointsMayBeCountedInEpochs() throws IOException {
    List<Double> rates = new ArrayList<>();
    List<Long> evaluated = new ArrayList<>();
    List<Double> epochs = new ArrayList<>();

    train(
        data,
        directory.resolve("out"),
        Mode.START,
        event -> {
          if (event instanceof TrainingEvent.StepDone done) {
            rates.add(done.result().learningRate());
          } else if (event instanceof TrainingEvent.Evaluated of && of.split() == SplitName.VALID) {
            evaluated.add(of.step());
          } else if (event instanceof TrainingEvent.Logged line) {
            epochs.add(line.metric().epoch());
          }
        },
        with(
            EPOCHS,
            "training.max-epochs=5",
            "optimizer.learning-rate=0.01",
            "schedule.kind=cosine-annealing",
            "schedule.per=epoch",
            "schedule.warmup-steps=0",
            "schedule.decay-steps=0",
            "schedule.decay-epochs=4",
            "schedule.min-learning-rate=0.001",
            "evaluation.interval=2",
            "evaluation.per=epoch",
            "checkpoint.interval=3",
            "checkpoint.per=epoch"));

    assertThat(rates).hasSize(25);
    for (int step = 0; step < 25; step++) {
      assertThat(rates.get(step)).isCloseTo(ANNEALED[step / 5], within(1e-15));
    }
    assertThat(evaluated).containsExactly(10L, 20L, 25L); // and at the end
    assertThat(Folder.names(directory.resolve("out/checkpoints")))
        .containsExactly("step-00000015", "step-00000025");
    assertThat(epochs).startsWith(0.2, 1.0, 2.0).endsWith(5.0);
  }

  // PyTorch 2.13: CosineAnnealingLR(SGD([p], lr=.01), T_max=4, eta_min=.001), get_last_lr()[0]
  // before each of eleven scheduler steps: it goes up again after T_max.
  private static final double[] ANNEALED = {
    0.01,
    0.008681980515339464,
    0.0055000000000000005,
    0.0023180194846605367,
    0.001,
    0.002318019484660536,
    0.0055000000000000005,
    0.008681980515339466,
    0.010000000000000002,
    0.008681980515339464,
    0.005500000000000001
  };

  @Test
  void cosineAnnealingIsPyTorchsPerStepAndPerEpochBeyondItsMinimumToo() {
    ScheduleConfig perStep =
        new ScheduleConfig(ScheduleConfig.Kind.COSINE_ANNEALING, IntervalUnit.STEP, 0, 4, 0, 0.001);
    ScheduleConfig perEpoch =
        new ScheduleConfig(
            ScheduleConfig.Kind.COSINE_ANNEALING, IntervalUnit.EPOCH, 0, 0, 4, 0.001);
    for (int i = 0; i < ANNEALED.length; i++) {
      assertThat(perStep.learningRate(i, 11, 0, 0.01)).isCloseTo(ANNEALED[i], within(1e-15));
      for (int step = 7 * i; step < 7 * (i + 1); step++) {
        assertThat(perEpoch.learningRate(step, 77, 7, 0.01)).isCloseTo(ANNEALED[i], within(1e-15));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "training.max-epochs=3",
        "schedule.per=epoch",
        "schedule.decay-epochs=3",
        "evaluation.per=epoch",
        "checkpoint.per=epoch",
      })
  void epochsOfARandomOrderAreRefused(String setting) {
    assertThatThrownBy(
            () ->
                TinyRun.recipe("schedule.decay-steps=0", setting)
                    .bind(new DataShape(3, List.of(), 100, 9)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "the recipe counts epochs, but data.order is random, which has none: set data.order=epochs");
  }

  @Test
  void decayInStepsAndInEpochsExcludeEachOther() {
    assertThatThrownBy(
            () ->
                TinyRun.recipe(
                        "data.order=epochs", "schedule.decay-steps=9", "schedule.decay-epochs=3")
                    .bind(new DataShape(3, List.of(), 100, 9)))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "schedule.decay-steps (9) and schedule.decay-epochs (3) exclude each other: set one to 0");
  }

  @Test
  void dataThatIsNoWholeStepIsRefusedUnlessPartialOnesCount() throws IOException {
    assertThatThrownBy(
            () ->
                train(
                    data,
                    directory.resolve("out"),
                    Mode.START,
                    with(EPOCHS, "training.global-batch-size=48", "data.drop-last=true")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "the train split has 44 samples, fewer than training.global-batch-size (48): lower"
                + " training.global-batch-size or set data.drop-last=false");
    assertThat(
            train(
                    data,
                    directory.resolve("out"),
                    Mode.START,
                    with(EPOCHS, "training.global-batch-size=48", "data.drop-last=false"))
                .steps())
        .isEqualTo(3);
  }

  @Test
  void aTextShorterThanTheContextIsRefusedInEpochsToo() throws IOException {
    Path small = TinyRun.dataset(directory.resolve("short"), "12345678", "12345678");

    assertThatThrownBy(
            () -> train(small, directory.resolve("out"), Mode.START, "data.order=epochs"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "split 'train' has 8 tokens, but model.context-length 8 needs at least 9: use a shorter context-length, or more text");
  }

  private static Recipe bind(TokenDataset dataset, String... settings) {
    return TinyRun.recipe(settings).bind(DataShape.of(dataset.manifest()));
  }

  /** The rows of some steps without padding; letters a, b, c have the ids 0, 1, 2. */
  private static List<String> texts(TrainingData samples, Recipe recipe, int from, int to) {
    List<String> texts = new ArrayList<>();
    for (int step = from; step < to; step++) {
      for (int m = 0; m < recipe.training().gradAccumSteps(); m++) {
        TokenBatch batch = samples.batches().batch(step, m);
        for (int row = 0; row < batch.rows(); row++) {
          int first = row * batch.contextLength();
          int end = first + (int) batch.lengths()[row];
          texts.add(shown(Arrays.stream(batch.inputs(), first, end)));
        }
      }
    }
    return texts;
  }

  private static String shown(LongStream ids) {
    StringBuilder text = new StringBuilder();
    ids.forEach(id -> text.append((char) ('a' + id)));
    return text.toString();
  }
}
