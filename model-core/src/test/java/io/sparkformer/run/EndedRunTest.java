package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import io.sparkformer.collective.Collective;
import io.sparkformer.collective.PeerFailedException;
import io.sparkformer.collective.PeerTimeout;
import io.sparkformer.collective.RendezvousServer;
import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept of a run that is told to end, and that it goes on to the same end. */
class EndedRunTest {

  /** The evaluation of step 10 is the first, and no checkpoint is due before the end. */
  private static final String[] SETTINGS = {"checkpoint.interval=1000"};

  @TempDir private static Path directory;
  private static Path data;
  private static TrainedModels undisturbed;

  private record TrainedModels(ByteBuffer last, ByteBuffer best, List<Long> evaluated) {}

  @BeforeAll
  static void trainUndisturbed() throws IOException {
    data = TinyRun.dataset(directory.resolve("data"), TinyRun.TEXT, TinyRun.TEXT.substring(0, 300));
    train("undisturbed", Mode.START, event -> false);
    undisturbed = models("undisturbed");
    assertThat(undisturbed.evaluated()).containsExactly(10L, 20L);
  }

  @Test
  void inAStepTheWholeStepsBeforeItAreKept() throws IOException {
    assertEndedAndGoneOnWith(
        "step", event -> event instanceof TrainingEvent.StepDone done && done.step() == 7, 7);
  }

  @Test
  void inAnEvaluationItsStepIsKeptAndEvaluatedWhenTheRunGoesOn() throws IOException {
    assertEndedAndGoneOnWith(
        "evaluation",
        event -> event instanceof TrainingEvent.Underway underway && underway.step() == 10,
        10);
  }

  @Test
  void inTheLastEvaluationTheLastStepIsKept() throws IOException {
    assertEndedAndGoneOnWith(
        "last evaluation",
        event -> event instanceof TrainingEvent.Underway underway && underway.step() == 20,
        20);
  }

  @Test
  void beforeTheFirstStepThereIsNothingToKeep() throws IOException {
    assertThatThrownBy(() -> train("nothing", Mode.START, event -> true, new AtomicBoolean(true)))
        .isInstanceOf(PeerFailedException.class);

    assertThat(Folder.names(directory.resolve("nothing/checkpoints"))).isEmpty();
  }

  private static void assertEndedAndGoneOnWith(
      String output, Predicate<TrainingEvent> end, long step) throws IOException {
    assertThatThrownBy(() -> train(output, Mode.START, end))
        .isInstanceOf(PeerFailedException.class)
        .hasMessage("the attempt was ended");

    assertThat(Folder.names(directory.resolve(output).resolve("checkpoints")))
        .containsExactly("step-%08d".formatted(step));
    assertThat(TinyRun.directory(directory.resolve(output)).newestStep()).hasValue(step);
    assertThat(train(output, Mode.RESUME, event -> false).resumedFrom()).isEqualTo(step);
    TrainedModels models = models(output);
    assertThat(models.last()).isEqualTo(undisturbed.last());
    assertThat(models.best()).isEqualTo(undisturbed.best());
    assertThat(models.evaluated()).isEqualTo(undisturbed.evaluated());
  }

  private static TrainedModels models(String output) throws IOException {
    Path run = directory.resolve(output);
    return new TrainedModels(
        ByteBuffer.wrap(Files.readAllBytes(run.resolve("last/model.safetensors"))),
        ByteBuffer.wrap(Files.readAllBytes(run.resolve("best/model.safetensors"))),
        MetricsLog.read(TinyRun.directory(run).fileSystem(), hadoop(run)).stream()
            .filter(
                metric ->
                    metric.event() == Metric.Event.EVALUATION && metric.split() == SplitName.VALID)
            .map(Metric::step)
            .toList());
  }

  private static TrainingResult train(String output, Mode mode, Predicate<TrainingEvent> end)
      throws IOException {
    return train(output, mode, end, new AtomicBoolean());
  }

  private static TrainingResult train(
      String output, Mode mode, Predicate<TrainingEvent> end, AtomicBoolean ended)
      throws IOException {
    Checkpointer checkpointer =
        new Checkpointer(
            TinyRun.directory(directory.resolve(output)),
            mode,
            UUID.randomUUID().toString(),
            Ownership.UNSHARED,
            Duration.ofSeconds(10),
            event -> {
              if (end.test(event)) {
                ended.set(true);
              }
            });
    RendezvousServer server = RendezvousServer.open("127.0.0.1");
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data));
        TrainingRun run =
            TrainingRun.leading(TinyRun.recipe(SETTINGS), dataset, Device.cpu(), checkpointer);
        Collective collective =
            Collective.join(
                server,
                List.of(server.endpoint()),
                0,
                new byte[32],
                run.shape(),
                new PeerTimeout(10, ended::get))) {
      return run.train(collective);
    }
  }
}
