package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static io.sparkformer.run.TinyRun.dataset;
import static io.sparkformer.run.TinyRun.train;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.assertj.core.api.AbstractThrowableAssert;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A resumed run goes on as if it had never stopped, from the newest checkpoint that is whole. */
@Tag("cluster")
class ResumeTest {

  @TempDir private Path directory;
  private Path data;
  private Path output;

  @BeforeEach
  void writeData() throws IOException {
    data = dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 300));
    output = directory.resolve("out");
  }

  @ParameterizedTest
  @ValueSource(strings = {"fp32", "bf16"})
  void aResumedRunEqualsOneThatNeverStoppedBitForBit(String precision) throws IOException {
    String[] whole = {"training.precision=" + precision};
    Path once = directory.resolve("once");
    TrainingResult expected = train(data, once, Mode.START, whole);
    stoppedAfter(12, whole);

    TrainingResult summary = train(data, output, Mode.RESUME, whole);

    assertThat(summary.resumedFrom()).isEqualTo(12);
    assertThat(summary.steps()).isEqualTo(20);
    assertThat(summary.valid().loss()).isEqualTo(expected.valid().loss());
    assertThat(summary.best()).isEqualTo(expected.best());
    String last = "checkpoints/step-00000020/";
    for (String file :
        List.of(
            last + "model.safetensors",
            last + "optimizer.safetensors",
            last + "state.json",
            "best/model.safetensors",
            "last/model.safetensors")) {
      assertThat(Files.readAllBytes(output.resolve(file)))
          .as(file)
          .isEqualTo(Files.readAllBytes(once.resolve(file)));
    }
    // Steps after the checkpoint were measured twice, and are told once.
    assertThat(MetricsLog.read(localFiles(), hadoop(output)))
        .extracting(m -> m.event() + " " + m.step() + " " + m.split())
        .isEqualTo(
            MetricsLog.read(localFiles(), hadoop(once)).stream()
                .map(m -> m.event() + " " + m.step() + " " + m.split())
                .toList());
  }

  @Test
  void aRunThatIsFinishedStaysAsItIsAndMayBeExtended() throws IOException {
    TrainingResult first = train(data, output, Mode.START);
    Map<String, Integer> before = TinyRun.content(output);

    TrainingResult again = train(data, output, Mode.RESUME);

    assertThat(again.resumedFrom()).isEqualTo(20);
    assertThat(again.steps()).isEqualTo(20);
    assertThat(again.valid().loss()).isEqualTo(first.valid().loss());
    Map<String, Integer> after = TinyRun.content(output);
    before
        .keySet()
        .removeIf(name -> name.equals("metrics.jsonl") || name.startsWith("tensorboard/"));
    assertThat(after).containsAllEntriesOf(before);
    assertThat(train(data, output, Mode.RESUME, "training.max-steps=24").steps()).isEqualTo(24);
    assertThat(Files.readString(output.resolve("recipe.yaml"))).contains("max-steps: 24");
  }

  @Test
  void aCheckpointBeforeTheFirstEvaluationIsResumedToo() throws IOException {
    stoppedAfter(4);

    assertThat(train(data, output, Mode.RESUME).best()).isFinite();
    assertThat(output.resolve("best/model.safetensors")).exists();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "DONE",
        "state.json",
        "model.safetensors",
        "optimizer.safetensors",
        "metrics.jsonl",
        "config.json"
      })
  void aDamagedNewestCheckpointIsPassedOver(String file) throws IOException {
    train(data, output, Mode.START, "training.max-steps=12");
    Path newest = output.resolve("checkpoints/step-00000012/" + file);

    byte[] whole = Files.readAllBytes(newest);
    TinyRun.flipBit(newest, whole.length / 2);
    assertThat(newest()).isEqualTo(8);
    Files.write(newest, whole);
    TinyRun.truncate(newest);
    assertThat(newest()).isEqualTo(8);
    Files.delete(newest);
    assertThat(newest()).isEqualTo(8);
    Files.write(newest, whole);
    assertThat(newest()).isEqualTo(12);
  }

  @Test
  void aNameInDoneThatOneBitMadeNoPathIsDamageToo() throws IOException {
    train(data, output, Mode.START, "training.max-steps=8");
    Path done = output.resolve("checkpoints/step-00000008/DONE");
    String whole = Files.readString(done);

    Files.writeString(done, whole.replace("optimizer", "optimi:er")); // ':' is 'z' less one bit

    try (Warnings warnings = Warnings.listen()) {
      assertThat(newest()).isEqualTo(4);
      assertThat(warnings.messages())
          .singleElement()
          .asString()
          .startsWith(done.getParent() + " is damaged (")
          .endsWith("): trying the one before");
    }
  }

  @Test
  void checkpointsThatAreAllDamagedAreNothingToResume() throws IOException {
    train(data, output, Mode.START, "training.max-steps=8");
    TinyRun.truncate(output.resolve("checkpoints/step-00000008/model.safetensors"));
    Files.delete(output.resolve("checkpoints/step-00000004/DONE"));

    assertRefused()
        .hasMessage(
            "nothing to resume: %s has no whole checkpoint: leave --resume away and give --overwrite to start again",
            output);
  }

  @Test
  void aDamagedCheckpointDoesNotPushNewOnesOut() throws IOException {
    train(data, output, Mode.START, "training.max-steps=8");
    TinyRun.truncate(output.resolve("checkpoints/step-00000008/model.safetensors"));

    TrainingResult resumed =
        train(
            data,
            output,
            Mode.RESUME,
            "training.max-steps=7",
            "checkpoint.interval=6",
            "checkpoint.keep=1");

    assertThat(resumed.resumedFrom()).isEqualTo(4);
    assertThat(Folder.names(output.resolve("checkpoints"))).containsExactly("step-00000007");
  }

  @Test
  void whatAKilledRunWasWritingIsCleanedUp() throws IOException {
    stoppedAfter(8);
    for (String name :
        List.of(
            "checkpoints/.step-00000011.writing",
            "checkpoints/.step-00000008.2f1e0d3c-5b6a-4978-8695-a4b3c2d1e0f9.old",
            ".best.2f1e0d3c-5b6a-4978-8695-a4b3c2d1e0f9.writing")) {
      Files.createDirectories(output.resolve(name));
      Files.writeString(output.resolve(name).resolve("model.safetensors"), "half of it");
    }
    Files.createDirectories(output.resolve(".mine.writing"));

    train(data, output, Mode.RESUME, "training.max-steps=12");

    assertThat(Folder.names(output))
        .containsExactly(
            ".mine.writing",
            "best",
            "checkpoints",
            "last",
            "metrics.jsonl",
            "recipe.yaml",
            "showcase.json",
            "tensorboard");
    assertThat(Folder.names(output.resolve("checkpoints")))
        .containsExactly("step-00000008", "step-00000012");
  }

  @Test
  void theBestModelThatAKilledRunHadMovedAwayComesBack() throws IOException {
    train(data, output, Mode.START);
    byte[] best = Files.readAllBytes(output.resolve("best/model.safetensors"));
    Files.move(
        output.resolve("best"), output.resolve(".best.2f1e0d3c-5b6a-4978-8695-a4b3c2d1e0f9.old"));

    train(data, output, Mode.RESUME);

    assertThat(output.resolve("best/model.safetensors")).hasBinaryContent(best);
  }

  @Test
  void anOutputWithoutCheckpointsIsNothingToResume() throws IOException {
    assertRefused()
        .hasMessage(
            "nothing to resume: there is no %s: check --output, or leave --resume away to start",
            output);

    Files.createDirectories(output);
    assertRefused().hasMessage("nothing to resume: %s has no checkpoints: check --output", output);

    Files.createDirectories(output.resolve("checkpoints"));
    assertRefused().hasMessageStartingWith("nothing to resume: ");
  }

  @Test
  void ofARunThatEndedBeforeItsFirstCheckpointBothWaysSayToStartAgain() throws IOException {
    train(data, output, Mode.START);
    for (int step : new int[] {16, 20}) {
      localFiles()
          .delete(hadoop(output.resolve("checkpoints/step-000000%02d".formatted(step))), true);
    }

    assertRefused()
        .hasMessage(
            "nothing to resume: %s has no whole checkpoint: leave --resume away and give --overwrite to start again",
            output);
    assertThatThrownBy(() -> train(data, output, Mode.START))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "%s exists, of a run that ended before its first checkpoint: give --overwrite to start it again, or another"
                + " --output",
            output);
    assertThat(train(data, output, Mode.OVERWRITE).resumedFrom()).isZero();
  }

  @Test
  void anotherDataSetIsRefused() throws IOException {
    stoppedAfter(8);
    data = dataset(directory.resolve("train"), TinyRun.TEXT + "x", TinyRun.TEXT.substring(0, 300));
    assertRefused()
        .hasMessageMatching(
            "cannot resume \\S+: the data set \\(its fingerprint\\) was [0-9a-f]{12} and is [0-9a-f]{12}: use what the run was started with, or start another --output");

    data = dataset(directory.resolve("valid"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 299));
    assertRefused().hasMessageContaining(": the data set (its fingerprint) was ");
  }

  private static final class Stopped extends RuntimeException {
    private static final long serialVersionUID = 1L;
  }

  /** A run that ends in the middle, at the first metric after the checkpoint of a step. */
  private void stoppedAfter(long checkpoint, String... settings) {
    assertThatThrownBy(
            () ->
                train(
                    data,
                    output,
                    Mode.START,
                    TinyRun.onLine(
                        metric -> {
                          if (metric.step() > checkpoint) {
                            throw new Stopped();
                          }
                        }),
                    settings))
        .isInstanceOf(Stopped.class);
  }

  /** The step that the output would be resumed from. */
  private long newest() throws IOException {
    return new CheckpointStore(
            new OwnedOutput(TinyRun.directory(output), Ownership.UNSHARED), "", 2)
        .newest()
        .map(found -> found.state().step())
        .orElseThrow();
  }

  private AbstractThrowableAssert<?, ?> assertRefused(String... settings) throws IOException {
    Map<String, Integer> before = TinyRun.content(output);
    AbstractThrowableAssert<?, ?> refused =
        assertThatThrownBy(() -> train(data, output, Mode.RESUME, settings))
            .isInstanceOf(InvalidInputException.class)
            .satisfies(e -> assertThat(e.getMessage()).doesNotContain("\n"));
    assertThat(TinyRun.content(output)).isEqualTo(before);
    return refused;
  }
}
