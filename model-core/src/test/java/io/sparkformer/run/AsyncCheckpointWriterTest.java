package io.sparkformer.run;

import static io.sparkformer.SharedFiles.floats;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static io.sparkformer.run.TinyRun.dataset;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.WatchedFileSystem;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Precision;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.run.AsyncCheckpointWriter.Part;
import io.sparkformer.run.RunDirectory.Mode;
import io.sparkformer.safetensors.SafeTensors;
import io.sparkformer.safetensors.StoredTensor;
import io.sparkformer.train.Optimizer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.StreamCapabilities;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Storage that is slow, hangs or is full, beside steps that go on. */
@Tag("cluster")
class AsyncCheckpointWriterTest {

  private static final Set<Part> CHECKPOINT = EnumSet.of(Part.CHECKPOINT);

  @TempDir private Path directory;
  private Path data;
  private Path output;
  private RunDirectory watched;
  private Warnings warnings;

  @BeforeEach
  void prepare() throws IOException {
    data = dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 300));
    output = directory.resolve("out");
    watched = TinyRun.watched(output);
    warnings = Warnings.listen();
  }

  @AfterEach
  void stopListening() {
    warnings.close();
  }

  @Test
  void aSnapshotIsOfItsStepWhateverIsTrainedMeanwhile() throws IOException {
    try (Parts parts = new Parts()) {
      float[] weight = first(parts.model.weights()).toFloatArray();
      hangAtCheckpoints();
      parts.writer.append(TinyRun.evaluated(1, SplitName.VALID, 1.5));
      parts.save(1);
      parts.writer.append(TinyRun.evaluated(2, SplitName.VALID, 1.25));
      parts.model.weights().values().forEach(array -> array.addi(1));
      parts.optimizer.state().values().forEach(array -> array.addi(1));
      WatchedFileSystem.goOn();
      parts.writer.await();

      Path checkpoint = output.resolve("checkpoints/step-00000001");
      assertThat(floats(read(checkpoint.resolve("model.safetensors")).values().iterator().next()))
          .isEqualTo(weight);
      assertThat(read(checkpoint.resolve("optimizer.safetensors")).values())
          .allSatisfy(moment -> assertThat(floats(moment)).containsOnly(0));
      assertThat(MetricsLog.read(localFiles(), hadoop(checkpoint))).hasSize(1);
      assertThat(MetricsLog.read(localFiles(), hadoop(output))).hasSize(2);
    }
  }

  @Test
  void aThirdSnapshotWaitsInVainForStorageThatHangsAndIsSkipped() throws IOException {
    try (Parts parts = new Parts()) {
      hangAtCheckpoints();
      parts.save(1);
      parts.save(2);

      assertThat(parts.writer.awaitRoom(3, EnumSet.of(Part.BEST, Part.CHECKPOINT))).isFalse();

      assertThat(warnings.messages())
          .containsExactly(
              "no best model and checkpoint of step 3: that of step 1 is still being written to watched:"
                  + output
                  + ": raise checkpoint.interval, or use faster storage");
      WatchedFileSystem.goOn();
      parts.writer.await();
      parts.save(4);
      parts.writer.await();
      assertThat(Folder.names(output.resolve("checkpoints")))
          .containsExactly("step-00000001", "step-00000002", "step-00000004");
    }
  }

  @Test
  void aRunIsClosedThoughStorageHangs() throws IOException, InterruptedException {
    Parts parts = new Parts();
    hangAtCheckpoints();
    parts.save(1);

    parts.close();

    assertThat(warnings.messages())
        .containsExactly(
            "watched:" + output + " hangs: what was kept of step 1 and later may not be whole");
    WatchedFileSystem.goOn();
    for (Thread thread : Thread.getAllStackTraces().keySet()) {
      if (thread.getName().equals("checkpoint-writer")) {
        thread.join(); // or it would write into what the test's end deletes
      }
    }
  }

  @Test
  void stepsGoOnWhileStorageHangsAndComeToTheSame() throws IOException {
    Path undisturbed = directory.resolve("undisturbed");
    TinyRun.train(data, undisturbed, Mode.START);
    hangAtCheckpoints();

    TinyRun.train(
        hadoop(data),
        watched,
        Mode.START,
        TinyRun.onLine(
            metric -> {
              if (metric.step() == 11) { // two checkpoints are due by then
                assertThat(output.resolve("checkpoints/step-00000004")).doesNotExist();
                WatchedFileSystem.goOn();
              }
            }),
        "training.log-interval=1",
        "evaluation.interval=20");

    for (String file :
        List.of("last/model.safetensors", "checkpoints/step-00000020/optimizer.safetensors")) {
      assertThat(Files.readAllBytes(output.resolve(file)))
          .isEqualTo(Files.readAllBytes(undisturbed.resolve(file)));
    }
    assertThat(Folder.names(output.resolve("checkpoints")))
        .containsExactly("step-00000016", "step-00000020");
  }

  @Test
  void aRunSurvivesAFullDiskAndIsResumedFromTheCheckpointBefore() throws IOException {
    WatchedFileSystem.full(path -> path.contains(".step-0000001"), 5000);

    TinyRun.train(hadoop(data), watched, Mode.START, event -> {}, "training.max-steps=14");

    assertThat(warnings.messages())
        .containsExactly(fullAt(12, "training goes on"), fullAt(14, "training goes on"));
    assertThat(Folder.names(output.resolve("checkpoints")))
        .containsExactly("step-00000004", "step-00000008");
    assertThat(output.resolve("last/model.safetensors")).exists();
    assertThat(TinyRun.train(data, output, Mode.RESUME).resumedFrom()).isEqualTo(8);
  }

  private String fullAt(int step, String then) {
    return "the checkpoint of step "
        + step
        + " could not be written (No space left on device); the newest whole one is watched:"
        + output
        + "/checkpoints/step-00000008; "
        + then
        + ": make room or mend the storage before the next one is due";
  }

  @Test
  void aFullDiskStopsARunThatAsksForIt() throws IOException {
    WatchedFileSystem.full(path -> path.contains(".step-00000012"), 5000);

    assertThatThrownBy(
            () ->
                TinyRun.train(
                    hadoop(data), watched, Mode.START, m -> {}, "checkpoint.on-failure=stop"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "the checkpoint of step 12 could not be written (No space left on device) and checkpoint.on-failure is"
                + " stop; the newest whole one is watched:%s/checkpoints/step-00000008: make room or mend the storage,"
                + " then go on with --resume",
            output);

    assertThat(Folder.names(output.resolve("checkpoints")))
        .containsExactly("step-00000004", "step-00000008");
    assertThat(TinyRun.train(data, output, Mode.RESUME).resumedFrom()).isEqualTo(8);
  }

  @Test
  void metricsOrABestModelThatCannotBeWrittenEndARunThatIsToStop() {
    String stop = "checkpoint.on-failure=stop";
    WatchedFileSystem.full(path -> path.contains("/.best."), 3000);
    assertThatThrownBy(() -> TinyRun.train(hadoop(data), watched, Mode.START, m -> {}, stop))
        .isInstanceOf(IOException.class)
        .hasMessage("the best model of step 10 could not be written: No space left on device")
        .hasRootCauseMessage("No space left on device");

    WatchedFileSystem.full(path -> path.endsWith("out/metrics.jsonl"), 300);
    assertThatThrownBy(() -> TinyRun.train(hadoop(data), watched, Mode.OVERWRITE, m -> {}, stop))
        .isInstanceOf(IOException.class)
        .hasMessage("metrics.jsonl could not be written: No space left on device");
  }

  @Test
  void aRunGoesOnWithoutMetricsAndBestModelWhereThereIsNoRoomForThem() throws IOException {
    WatchedFileSystem.full(
        path -> path.contains("/.best.") || path.endsWith("out/metrics.jsonl"), 300);

    assertThat(TinyRun.train(hadoop(data), watched, Mode.START, m -> {}).steps()).isEqualTo(20);

    assertThat(Folder.names(output)).contains("last").doesNotContain("best");
  }

  @Test
  void aWriterThatIsClosedAgainHasNothingLeftToDo() throws IOException {
    try (Parts parts = new Parts()) {
      parts.writer.append(TinyRun.evaluated(1, SplitName.VALID, 1.5));

      parts.writer.close();
      parts.writer.close();
    } // and once more

    assertThat(output.resolve("metrics.jsonl")).content().hasLineCount(1);
  }

  @Test
  void whatAStaleWriterIsWritingIsNotTouchedAndDoesNotTouch() throws IOException {
    try (Parts parts = new Parts()) {
      hangAtCheckpoints();
      parts.save(4); // of a run that is taken for dead
      TinyRun.train(data, output, Mode.OVERWRITE);
      WatchedFileSystem.goOn();
      parts.writer.await();
    }

    assertThat(TinyRun.train(data, output, Mode.RESUME).resumedFrom()).isEqualTo(20);
  }

  @Test
  void filesAreOnDiskAndSummedWhenTheyAreClosed() throws IOException {
    ChecksummedFiles files = new ChecksummedFiles(localFiles());
    org.apache.hadoop.fs.Path file = hadoop(directory.resolve("file"));
    try (FSDataOutputStream out = localFiles().create(file)) {
      // Without it, power that is lost would leave empty files under a checkpoint's name.
      assertThat(out.hasCapability(StreamCapabilities.HSYNC)).isTrue();
    }

    try (FSDataOutputStream out = files.create(file, true)) {
      out.write('a');
      out.write("bcd".getBytes(StandardCharsets.UTF_8), 0, 2);
    }

    assertThat(files.sums())
        .containsExactly(Map.entry("file", ChecksummedFiles.FileSum.of(localFiles(), file)));
    assertThat(files.sums().get("file"))
        .isEqualTo(
            new ChecksummedFiles.FileSum(
                3, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"));
  }

  private static void hangAtCheckpoints() {
    WatchedFileSystem.hang(path -> path.contains("/checkpoints/"));
  }

  private static Map<String, StoredTensor> read(Path file) throws IOException {
    return SafeTensors.read(localFiles(), hadoop(file));
  }

  private static NDArray first(Map<String, NDArray> arrays) {
    return arrays.values().iterator().next();
  }

  /** A writer, and a model for it, without a run. */
  private final class Parts implements AutoCloseable {
    private final TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data));
    private final Recipe recipe = TinyRun.recipe().bind(DataShape.of(dataset.manifest()));
    private final Gpt model = Gpt.initialized(recipe.model(), Precision.FP32, Device.cpu(), 1);
    private final Optimizer optimizer = Optimizer.of(model, recipe.optimizer(), Set.of());
    private final AsyncCheckpointWriter writer;

    Parts() throws IOException {
      OwnedOutput output = new OwnedOutput(watched, Ownership.UNSHARED);
      output.create(TinyRun.recipe().yaml(), "run");
      writer =
          new AsyncCheckpointWriter(
              output,
              new CheckpointStore(output, TinyRun.recipe().yaml(), 3),
              MetricsLog.create(watched.fileSystem(), watched.path(), List.of()),
              TensorBoardLog.create(watched.fileSystem(), watched.path(), List.of()),
              event -> {},
              Recipe.OnFailure.CONTINUE,
              Duration.ofMillis(300));
    }

    void save(long step) throws IOException {
      assertThat(writer.awaitRoom(step, CHECKPOINT)).isTrue();
      writer.save(
          RunState.of(step, new RunState.Bests(1, 1, 0), dataset.manifest()),
          Snapshot.of(model, TextProcessing.NONE, Optional.empty(), Optional.of(optimizer)),
          CHECKPOINT);
    }

    @Override
    public void close() throws IOException {
      writer.close();
      optimizer.close();
      model.close();
      dataset.close();
    }
  }
}
