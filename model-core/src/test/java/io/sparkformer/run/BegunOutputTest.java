package io.sparkformer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.WatchedFileSystem;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run that ends while it makes its output. */
class BegunOutputTest {

  private static final String RUN = "0a1b";

  @TempDir private Path directory;
  private Path output;

  @BeforeEach
  void endWhileTheOutputIsMade() {
    output = directory.resolve("run");
    RunDirectory watched = TinyRun.watched(output);
    WatchedFileSystem.full(path -> path.endsWith("recipe.yaml"), 5);
    assertThatThrownBy(() -> new OwnedOutput(watched, Ownership.UNSHARED).create("model: {}", RUN))
        .hasMessageContaining("No space left");
  }

  @Test
  void theRunsNextAttemptMakesItAgain() throws IOException {
    assertThat(Folder.names(output)).contains("recipe.yaml", "checkpoints");

    Path data = TinyRun.dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT);
    Checkpointer checkpointer =
        new Checkpointer(
            TinyRun.directory(output),
            Mode.START,
            RUN,
            Ownership.UNSHARED,
            java.time.Duration.ofSeconds(10),
            event -> {});
    TinyRun.train(new org.apache.hadoop.fs.Path(data.toString()), checkpointer);

    assertThat(Folder.names(output))
        .containsExactly(
            "best",
            "checkpoints",
            "last",
            "metrics.jsonl",
            "recipe.yaml",
            "showcase.json",
            "tensorboard");
  }

  @Test
  void itIsAnOutputToOtherRuns() throws IOException {
    RunDirectory run = TinyRun.directory(output);

    assertThatThrownBy(() -> run.check(Mode.START))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "run exists, of a run that ended before its first checkpoint: give --overwrite");
    run.check(Mode.OVERWRITE);
    new OwnedOutput(run, Ownership.UNSHARED).create("model: {}", "2c3d");
    assertThat(Folder.names(output)).containsExactly("checkpoints", "recipe.yaml");
  }
}
