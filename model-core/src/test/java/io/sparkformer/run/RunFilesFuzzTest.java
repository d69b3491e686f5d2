package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.FuzzedReader;
import io.sparkformer.datasets.FuzzedReader.Form;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.evaluation.EvaluationRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged files of training runs. */
class RunFilesFuzzTest {

  private static final FileSystem FILES = localFiles();
  private static final String EMPTY_SUM =
      "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

  @TempDir private Path directory;

  @Test
  void evaluation() throws IOException {
    fuzz(
        EvaluationRecord.FILE_NAME,
        Form.JSON,
        "{\"step\": 5, \"split\": \"valid\", \"loss\": 0.5, \"accuracy\": 0.75,"
            + " \"confusion\": {\"labels\": [\"bad\", \"good\"], \"counts\": [[3, 1], [0, 4]]}}",
        () -> EvaluationRecord.read(FILES, hadoop(directory)).confusionMatrix());
  }

  @Test
  void metrics() throws IOException {
    fuzz(
        MetricsLog.FILE_NAME,
        Form.TEXT,
        "{\"event\":\"TRAIN\",\"step\":1,\"split\":\"train\",\"loss\":4.5,\"lr\":0.001,\"step_ms\":12.5,\"time_seconds\":1.0}\n"
            + "{\"event\":\"EVALUATION\",\"step\":1,\"split\":\"valid\",\"loss\":4.25,\"accuracy\":0.5,\"time_seconds\":2.0}\n",
        () -> MetricsLog.read(FILES, hadoop(directory)).forEach(Metric::step));
  }

  @Test
  void stateOfACheckpoint() throws IOException {
    fuzz(
        "state.json",
        Form.JSON,
        "{\"step\": 5, \"best\": 1.5, \"best_seen\": 1.25, \"evaluations_since_best\": 1, \"data_fingerprint\": \""
            + "0".repeat(64)
            + "\", \"labels\": [\"bad\", \"good\"]}",
        () -> CheckpointStore.state(FILES, hadoop(directory)).bests());
  }

  @Test
  void sumsOfACheckpoint() throws IOException {
    RunDirectory run = RunDirectory.of(FILES.getConf(), hadoop(directory.resolve("run")));
    Path checkpoint = directory.resolve("run/checkpoints/step-00000005");
    Files.createDirectories(checkpoint);
    Files.createFile(checkpoint.resolve("state.json"));
    CheckpointStore store = new CheckpointStore(new OwnedOutput(run, Ownership.UNSHARED), "", 1);
    FuzzedReader.Reader reader =
        () -> {
          Optional<String> damage = store.damage(hadoop(checkpoint));
          if (damage.isPresent()) {
            throw new InvalidInputException(damage.get());
          }
        };
    new FuzzedReader("DONE", Form.JSON, FuzzedReader.BUFFERS, reader)
        .run(
            checkpoint.resolve("DONE"),
            List.of(
                "{\"state.json\": {\"bytes\": 0, \"sha256\": \"%s\"}}"
                    .formatted(EMPTY_SUM)
                    .getBytes(StandardCharsets.UTF_8)));
  }

  private void fuzz(String name, Form form, String whole, FuzzedReader.Reader reader)
      throws IOException {
    new FuzzedReader(name, form, FuzzedReader.BUFFERS, reader)
        .run(directory.resolve(name), List.of(whole.getBytes(StandardCharsets.UTF_8)));
  }
}
