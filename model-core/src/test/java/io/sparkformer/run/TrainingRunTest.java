package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static io.sparkformer.run.TinyRun.dataset;
import static io.sparkformer.run.TinyRun.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a run writes, and what it refuses without touching its output. */
class TrainingRunTest {

  @TempDir private Path directory;
  private Path data;
  private Path output;

  @BeforeEach
  void writeData() throws IOException {
    data = dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 300));
    output = directory.resolve("a new/out put");
  }

  @Test
  void anOutputHoldsModelsCheckpointsMetricsAndTheRecipe() throws IOException {
    TrainingResult summary = train(data, output, Mode.START);

    assertThat(Folder.names(output))
        .containsExactly(
            "best",
            "checkpoints",
            "last",
            "metrics.jsonl",
            "recipe.yaml",
            "showcase.json",
            "tensorboard");
    for (String model : List.of("best", "last")) {
      assertThat(Folder.names(output.resolve(model)))
          .containsExactly(
              "config.json",
              "evaluation.json",
              "model.safetensors",
              "tokenizer.json",
              "tokenizer_config.json");
    }
    assertThat(Folder.names(output.resolve("checkpoints/step-00000020")))
        .containsExactly(
            "DONE",
            "config.json",
            "metrics.jsonl",
            "model.safetensors",
            "optimizer.safetensors",
            "recipe.yaml",
            "state.json",
            "tokenizer.json",
            "tokenizer_config.json");
    assertThat(
            RecipeFile.parse(Files.readString(output.resolve("recipe.yaml")), "r")
                .bind(DataShape.ofVocabulary(28)))
        .isEqualTo(TinyRun.recipe().bind(DataShape.ofVocabulary(28)));
    assertThat(summary.steps()).isEqualTo(20);
    assertThat(summary.resumedFrom()).isZero();
    assertThat(summary.parameters()).isPositive();
    assertThat(summary.tokensPerSecond()).isPositive();
  }

  @Test
  void metricsAreOneLineEachAndTheListenerHearsThemAsTheyAreWritten() throws IOException {
    List<Metric> heard = new ArrayList<>();

    TrainingResult summary = train(data, output, Mode.START, TinyRun.onLine(heard::add));

    assertThat(heard)
        .extracting(metric -> metric.event() + " " + metric.step() + " " + metric.split())
        .containsExactly(
            "TRAIN 1 train",
            "TRAIN 5 train",
            "TRAIN 10 train",
            "EVALUATION 10 train",
            "EVALUATION 10 valid",
            "TRAIN 15 train",
            "TRAIN 20 train",
            "EVALUATION 20 train",
            "EVALUATION 20 valid");
    assertThat(MetricsLog.read(localFiles(), hadoop(output))).isEqualTo(heard);
    assertThat(heard.get(0).lr()).isEqualTo(0.01 / 4);
    assertThat(heard.get(0).gradNorm()).isPositive();
    assertThat(heard.get(0).tokensPerSecond()).isPositive();
    assertThat(heard.get(0).stepMs()).isPositive();
    assertThat(heard.get(8).loss())
        .isEqualTo(summary.valid().loss())
        .isEqualTo(summary.best())
        .isLessThan(heard.get(4).loss());
    assertThat(heard.get(7).loss()).isEqualTo(summary.train().loss());
  }

  @Test
  void bestIsTheModelOfTheLowestValidLoss() throws IOException {
    // What is learned from one text is wrong for the other.
    Path misleading = dataset(directory.resolve("misleading"), "ab".repeat(300), "bbaa".repeat(50));
    List<Metric> heard = new ArrayList<>();

    TrainingResult summary =
        train(misleading, output, Mode.START, TinyRun.onLine(heard::add), "evaluation.interval=1");

    assertThat(summary.best()).isLessThan(summary.valid().loss());
    assertThat(summary.best())
        .isEqualTo(
            heard.stream()
                .filter(m -> m.event() == Metric.Event.EVALUATION && m.split() == SplitName.VALID)
                .mapToDouble(Metric::loss)
                .min()
                .orElseThrow());
    assertThat(Files.readAllBytes(output.resolve("best/model.safetensors")))
        .isNotEqualTo(Files.readAllBytes(output.resolve("last/model.safetensors")));
  }

  @Test
  void onlyTheNewestCheckpointsAreKept() throws IOException {
    train(data, output, Mode.START, "training.max-steps=14", "checkpoint.keep=3");

    assertThat(Folder.names(output.resolve("checkpoints")))
        .containsExactly("step-00000008", "step-00000012", "step-00000014");
  }

  @Test
  void theSameSeedGivesTheSameRunAndAnotherAnother() throws IOException {
    train(data, output, Mode.START);
    train(data, directory.resolve("again"), Mode.START);
    train(data, directory.resolve("other"), Mode.START, "training.seed=8");

    byte[] weights = Files.readAllBytes(output.resolve("last/model.safetensors"));
    assertThat(Files.readAllBytes(directory.resolve("again/last/model.safetensors")))
        .isEqualTo(weights);
    assertThat(Files.readAllBytes(directory.resolve("other/last/model.safetensors")))
        .isNotEqualTo(weights);
  }

  @Test
  void anOutputThatExistsIsRefusedEvenAnEmptyOne() throws IOException {
    Files.createDirectories(output);

    assertRefused(Mode.START)
        .hasMessage(
            "%s exists: give another --output, --resume to go on with it, or --overwrite to replace it",
            output);
  }

  @Test
  void overwriteReplacesARunWhole() throws IOException {
    train(data, output, Mode.START);
    Files.writeString(output.resolve("loss.png"), "of the old run");

    train(data, output, Mode.OVERWRITE, "training.max-steps=2");

    assertThat(Folder.names(output))
        .containsExactly(
            "best",
            "checkpoints",
            "last",
            "metrics.jsonl",
            "recipe.yaml",
            "showcase.json",
            "tensorboard");
    assertThat(Folder.names(output.resolve("checkpoints"))).containsExactly("step-00000002");
  }

  @Test
  void overwriteTakesAnEmptyDirectoryAndOneThatIsNotThere() throws IOException {
    Files.createDirectories(output);
    train(data, output, Mode.OVERWRITE, "training.max-steps=1");
    train(data, directory.resolve("none"), Mode.OVERWRITE, "training.max-steps=1");

    assertThat(output.resolve("last")).isDirectory();
    assertThat(directory.resolve("none/last")).isDirectory();
  }

  @Test
  void overwriteDoesNotDeleteWhatIsNoTrainingOutput() throws IOException {
    Files.createDirectories(output);
    Files.writeString(output.resolve("thesis.txt"), "Chapter 1");
    String message =
        "%s is not a training output, so --overwrite does not delete it: give another --output"
            .formatted(output);

    assertRefused(Mode.OVERWRITE).hasMessage(message);

    // Not even where the user keeps a recipe beside it.
    Files.writeString(output.resolve("recipe.yaml"), "model:\n");
    assertRefused(Mode.OVERWRITE).hasMessage(message);
  }

  @Test
  void overwriteDoesNotDeleteAFile() throws IOException {
    Files.createDirectories(output.getParent());
    Files.writeString(output, "a file");

    assertRefused(Mode.OVERWRITE).hasMessageContaining("is not a training output");
    assertRefused(Mode.START).hasMessageContaining(" exists: give another --output");
    assertRefused(Mode.RESUME).hasMessageStartingWith("nothing to resume: ");
    assertThat(output).hasContent("a file");
  }

  @Test
  void aCorpusShorterThanTheContextIsRefused() throws IOException {
    data = dataset(directory.resolve("short"), "12345678", "12345678");

    assertRefused(Mode.START)
        .hasMessage(
            "split 'train' has 8 tokens, but model.context-length 8 needs at least 9: use a shorter context-length, or more text");
    assertThat(train(data, output, Mode.START, "model.context-length=7").steps()).isEqualTo(20);
  }

  @Test
  void aValidSplitWithNothingToPredictIsRefused() throws IOException {
    data = dataset(directory.resolve("no valid"), TinyRun.TEXT, "t");

    assertRefused(Mode.START)
        .hasMessage(
            "split 'valid' has 1 tokens, evaluation needs at least 2: use another split, or more text");
  }

  @Test
  void withoutAValidSplitTheModelOfTheLowestTrainLossIsTheBest() throws IOException {
    data = dataset(directory.resolve("no valid"), TinyRun.TEXT, "");
    List<Metric> evaluations = new ArrayList<>();

    TrainingResult summary;
    try (Warnings warnings = Warnings.listen()) {
      summary =
          train(
              data,
              output,
              Mode.START,
              TinyRun.onLine(
                  line -> {
                    if (line.event() == Metric.Event.EVALUATION) {
                      evaluations.add(line);
                    }
                  }));
      assertThat(warnings.messages())
          .contains("there is no valid split: best/ is the model with the lowest train loss");
    }

    assertThat(summary.evaluations()).containsOnlyKeys(SplitName.TRAIN);
    assertThat(evaluations)
        .extracting(Metric::split)
        .containsExactly(SplitName.TRAIN, SplitName.TRAIN);
    assertThat(summary.best())
        .isEqualTo(evaluations.stream().mapToDouble(Metric::loss).min().orElseThrow());
    EvaluationRecord best =
        EvaluationRecord.read(
            TinyRun.directory(output).fileSystem(), hadoop(output.resolve("best")));
    assertThat(best.split()).isEqualTo(SplitName.TRAIN);
    assertThat(best.loss()).isEqualTo(summary.best());
    assertThat(output.resolve("showcase.json")).content().contains("\"prompt\":\"the quic\"");
    assertThat(train(data, output, Mode.RESUME, "training.max-steps=24").resumedFrom())
        .isEqualTo(20);
  }

  @Test
  void whatNeedsAValidSplitIsRefusedWithoutOne() throws IOException {
    data = dataset(directory.resolve("no valid"), TinyRun.TEXT, "");

    assertRefused(Mode.START, "evaluation.patience=2")
        .hasMessage(
            "evaluation.patience is 2, but %s has no valid split to see when to stop: set it to 0, or make the data"
                + " set with --valid-fraction above 0",
            data + "/");
    assertRefused(Mode.START, "evaluation.monitor=accuracy")
        .hasMessage(
            "evaluation.monitor is accuracy, but %s has no valid split to choose the best model by: set it to loss,"
                + " which is then that of the train split, or make the data set with --valid-fraction above 0",
            data + "/");
  }

  @Test
  void aShardWithOneBitChangedIsRefusedByName() throws IOException {
    TinyRun.flipBit(data.resolve("train-00000-of-00001.bin"), 100);
    assertRefused(Mode.START)
        .hasMessageContaining(
            "train-00000-of-00001.bin was altered between its bytes 0 and 3600: their CRC-32C is ");

    TinyRun.flipBit(data.resolve("train-00000-of-00001.bin"), 100);
    TinyRun.flipBit(data.resolve("valid-00000-of-00001.idx"), 20);
    assertRefused(Mode.START)
        .hasMessageContaining("valid-00000-of-00001.idx: 62 bytes where 65537 sequences");
  }

  @Test
  void aVocabularySmallerThanTheDatasIsRefused() throws IOException {
    assertRefused(Mode.START, "model.vocab-size=5")
        .hasMessage(
            "model.vocab-size is 5, but the data set has 28 tokens: leave the key away, or raise it");
  }

  @Test
  void anOverwriteThatFailsKeepsTheOldRun() throws IOException {
    train(data, output, Mode.START, "training.max-steps=2");
    TinyRun.truncate(data.resolve("train-00000-of-00001.bin"));

    assertRefused(Mode.OVERWRITE)
        .hasMessageContaining(" has 1800 bytes where 3600 are recorded: copy the data set again");
  }

  @Test
  void anOutputThatCannotBeMadeIsRefused() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "a file");
    output = file.resolve("out");

    assertRefused(Mode.START)
        .hasMessageStartingWith(output + " cannot be written (")
        .hasMessageEndingWith("): choose a directory that you may write");
  }

  /** The run is refused in one line, and the output is as it was. */
  private AbstractThrowableAssert<?, ?> assertRefused(Mode mode, String... settings)
      throws IOException {
    Map<String, Integer> before = TinyRun.content(output);
    boolean existed = Files.exists(output);
    AbstractThrowableAssert<?, ?> refused =
        assertThatThrownBy(() -> train(data, output, mode, settings))
            .isInstanceOf(InvalidInputException.class)
            .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    assertThat(TinyRun.content(output)).isEqualTo(before);
    assertThat(Files.exists(output)).isEqualTo(existed);
    return refused;
  }
}
