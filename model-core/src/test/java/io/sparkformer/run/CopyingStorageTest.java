package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.run.TinyRun.dataset;
import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import io.sparkformer.datasets.CopyingFileSystem;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs whose output is on storage where a directory is renamed by many copies: what has the name of
 * a model is one or says that it is none, and a run that is killed at any moment goes on.
 */
class CopyingStorageTest {

  private static final int STRIDE = 9;

  @TempDir private Path directory;
  private Path data;
  private byte[] undisturbed;

  @BeforeEach
  void trainUndisturbed() throws IOException {
    data = dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 300));
    train("undisturbed", Mode.START);
    undisturbed = last("undisturbed");
  }

  @AfterEach
  void nobodyIsKilledAnyMore() {
    CopyingFileSystem.restart();
  }

  @Test
  void aRunThatIsKilledAfterAnyChangeGoesOnToTheSameEnd() throws IOException {
    boolean killed = true;
    int kills = 0;
    for (int changes = STRIDE; killed; changes += STRIDE) {
      String output = "out" + changes;
      CopyingFileSystem.killAfter(changes);
      try {
        train(output, Mode.START);
      } catch (IOException | RuntimeException e) {
        assertThat(CopyingFileSystem.isKilled()).as(e.toString()).isTrue();
      }
      killed = CopyingFileSystem.isKilled();
      CopyingFileSystem.restart();
      kills += killed ? 1 : 0;

      boolean wholeBefore = isWhole(output, "best");
      boolean hidden = hiddenModels(output).stream().anyMatch(model -> isWhole(output, model));
      assertThat(wholeBefore || hidden || !hasBest(output))
          .as("a whole best model after %d changes", changes)
          .isTrue();
      if (killed) {
        goOn(output);
      }
      assertThat(last(output)).as("after %d changes", changes).isEqualTo(undisturbed);
      assertThat(isWhole(output, "best")).isTrue();
      assertThat(hiddenModels(output)).isEmpty();
    }
    assertThat(kills).isGreaterThan(5);
  }

  private void goOn(String output) throws IOException {
    try {
      train(output, Mode.RESUME);
    } catch (InvalidInputException e) { // before the first checkpoint
      assertThat(e).hasMessageContaining("nothing to resume");
      train(output, Mode.OVERWRITE);
    }
  }

  private TrainingResult train(String output, Mode mode) throws IOException {
    RunDirectory run =
        RunDirectory.of(
            CopyingFileSystem.configuration(),
            new org.apache.hadoop.fs.Path("copying:" + directory.resolve(output)));
    return TinyRun.train(hadoop(data), run, mode, event -> {}, "evaluation.interval=2");
  }

  /** Whether there ever was one: then a whole one must be left. */
  private boolean hasBest(String output) throws IOException {
    return Files.exists(directory.resolve(output).resolve("best"))
        && Files.exists(directory.resolve(output).resolve("checkpoints/step-00000004/DONE"));
  }

  /** Whether it is taken for a model; then it is one. */
  private boolean isWhole(String output, String model) {
    Path path = directory.resolve(output).resolve(model);
    if (!Files.exists(path.resolve("config.json"))) {
      return false;
    }
    try (Gpt gpt =
        ModelDirectory.open(new Configuration(), hadoop(path)).load(Precision.FP32, Device.cpu())) {
      return gpt.parameterCount() > 0
          && Files.exists(path.resolve("tokenizer.json"))
          && Files.exists(path.resolve("tokenizer_config.json"));
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private List<String> hiddenModels(String output) throws IOException {
    if (!Files.exists(directory.resolve(output))) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory.resolve(output))) {
      return files
          .map(file -> file.getFileName().toString())
          .filter(name -> name.matches("\\.(best|last)\\..*"))
          .toList();
    }
  }

  private byte[] last(String output) throws IOException {
    return Files.readAllBytes(directory.resolve(output).resolve("last/model.safetensors"));
  }
}
