package io.sparkformer.run;

import static io.sparkformer.run.TinyRun.dataset;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** An attempt whose output another has taken over changes nothing there any more. */
class OwnershipTest {

  private static final String[] SETTINGS = {"checkpoint.on-failure=continue"};

  @TempDir private Path directory;
  private Path data;
  private Path output;
  private final AtomicReference<String> holder = new AtomicReference<>("first");

  @BeforeEach
  void writeData() throws IOException {
    data = dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 300));
    output = directory.resolve("out");
  }

  @Test
  void itEndsAtTheNextThingThatItWouldWriteThoughFailedCheckpointsMayBeSurvived() {
    AtomicReference<Map<String, Integer>> taken = new AtomicReference<>();

    assertThatThrownBy(
            () ->
                attempt(
                    "first",
                    Mode.START,
                    event -> {
                      if (event instanceof TrainingEvent.StepDone done && done.step() == 10) {
                        settle();
                        holder.set("second");
                        taken.set(written());
                      }
                    }))
        .isInstanceOf(IOException.class)
        .hasMessageContaining("first is not the one any more");

    assertThat(written()).isEqualTo(taken.get());
  }

  @Test
  void itDoesNotBeginToWriteEither() throws IOException {
    attempt("first", Mode.START, event -> {});
    Map<String, Integer> before = TinyRun.content(output);
    holder.set("second");

    for (Mode mode : new Mode[] {Mode.OVERWRITE, Mode.RESUME, Mode.RESUME_CHANGED}) {
      assertThatThrownBy(() -> attempt("first", mode, event -> {}))
          .hasMessageContaining("first is not the one any more");
      assertThat(TinyRun.content(output)).isEqualTo(before);
    }
  }

  @Test
  void theOneThatTookItOverGoesOnToTheSameEnd() throws IOException {
    attempt("first", Mode.START, event -> {});
    byte[] undisturbed = bytes("last/model.safetensors");
    assertThatThrownBy(
            () ->
                attempt(
                    "first",
                    Mode.OVERWRITE,
                    event -> {
                      if (event instanceof TrainingEvent.StepDone done && done.step() == 10) {
                        settle();
                        holder.set("second");
                      }
                    }))
        .hasMessageContaining("first is not the one any more");

    assertThat(attempt("second", Mode.RESUME, event -> {}).resumedFrom()).isEqualTo(8);
    assertThat(bytes("last/model.safetensors")).isEqualTo(undisturbed);
  }

  private byte[] bytes(String file) throws IOException {
    return java.nio.file.Files.readAllBytes(output.resolve(file));
  }

  private TrainingResult attempt(
      String name, Mode mode, java.util.function.Consumer<TrainingEvent> listener)
      throws IOException {
    Ownership owner =
        () -> {
          if (!holder.get().equals(name)) {
            throw new IOException(name + " is not the one any more");
          }
        };
    Checkpointer checkpointer =
        new Checkpointer(
            TinyRun.directory(output),
            mode,
            java.util.UUID.randomUUID().toString(),
            owner,
            Duration.ofSeconds(10),
            listener);
    return TinyRun.train(new org.apache.hadoop.fs.Path(data.toString()), checkpointer, SETTINGS);
  }

  /** What is written beside training is there; step 8's checkpoint and nothing later. */
  private void settle() {
    Path checkpoint = output.resolve("checkpoints/step-00000008/DONE");
    while (!java.nio.file.Files.exists(checkpoint)) {
      Thread.onSpinWait();
    }
  }

  /** All that has got its name; metrics are lines, which the one that takes over writes anew. */
  private Map<String, Integer> written() {
    try {
      Map<String, Integer> content = new TreeMap<>(TinyRun.content(output));
      content
          .keySet()
          .removeIf(
              name ->
                  name.contains(".writing")
                      || name.equals("metrics.jsonl")
                      || name.startsWith("tensorboard/"));
      return content;
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
