package io.sparkformer.run;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.RemoteFileSystem;
import io.sparkformer.datasets.sample.RandomOrder;
import io.sparkformer.datasets.tokens.LargeDataset;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Training over data of which a part is damaged, or far away. */
class DamagedDataTest {

  private static final int CONTEXT = 8;
  private static final int STEPS = 40;
  private static final long MIB = 1 << 20;
  private static final long BYTES = 100 * MIB;

  @TempDir private Path directory;

  @Test
  void theStepThatWouldReadDamageIsNotTaken() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 1, BYTES, 1);
    long step = 10;
    long damaged = blocks(step).findFirst().orElseThrow();
    assertThat(IntStream.range(0, (int) step).mapToObj(this::blockList))
        .as("blocks of the steps before")
        .noneMatch(read -> read.contains(damaged));
    try (RandomAccessFile out =
        new RandomAccessFile(data.resolve("train-00000-of-00001.bin").toFile(), "rw")) {
      out.seek(damaged * MIB + MIB / 3);
      out.write(1);
    }
    List<Long> done = new ArrayList<>();

    assertThatThrownBy(
            () ->
                TinyRun.train(
                    data,
                    directory.resolve("run"),
                    Mode.START,
                    event -> {
                      if (event instanceof TrainingEvent.StepDone each) {
                        done.add(each.step());
                      }
                    },
                    settings()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "%s/train-00000-of-00001.bin was altered between its bytes %d and %d: ",
            data, damaged * MIB, (damaged + 1) * MIB);

    assertThat(done).hasSize((int) step);
  }

  @Test
  void aRemoteDatasetIsTrainedOnWithoutCopyingMoreThanIsRead() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 1, BYTES, 1);
    RemoteFileSystem.restart();
    RunDirectory output =
        RunDirectory.of(
            new Configuration(), new org.apache.hadoop.fs.Path(directory + "/remote run"));
    Checkpointer checkpointer =
        new Checkpointer(
            output,
            Mode.START,
            UUID.randomUUID().toString(),
            Ownership.UNSHARED,
            Duration.ofSeconds(10),
            event -> {});
    long before = RemoteFileSystem.bytesRead();

    assertThat(train(data, checkpointer).steps()).isEqualTo(STEPS);

    long trainBlocks =
        IntStream.range(0, STEPS)
            .boxed()
            .flatMap(step -> blockList(step).stream())
            .distinct()
            .count();
    // And one that was read ahead, those of evaluation, and of the report's showcase.
    assertThat((RemoteFileSystem.bytesRead() - before) / MIB)
        .isBetween(trainBlocks, trainBlocks + 2 * 8 + 4);
    assertThat(trainBlocks).isLessThan(60);
  }

  private static TrainingResult train(Path data, Checkpointer checkpointer) throws IOException {
    return TinyRun.train(
        RemoteFileSystem.configuration(), RemoteFileSystem.remote(data), checkpointer, settings());
  }

  private static String[] settings() {
    return new String[] {
      "training.max-steps=" + STEPS,
      "training.micro-batch-size=1",
      "training.global-batch-size=1",
      "evaluation.interval=100",
      "data.order=random"
    };
  }

  private List<Long> blockList(int step) {
    return blocks(step).toList();
  }

  /** The blocks that a step's one window is in. */
  private java.util.stream.Stream<Long> blocks(long step) {
    long start = new RandomOrder(7, BYTES / 2 - CONTEXT).index(step, 0, 0);
    return java.util.stream.Stream.of(2 * start / MIB, 2 * (start + CONTEXT) / MIB).distinct();
  }
}
