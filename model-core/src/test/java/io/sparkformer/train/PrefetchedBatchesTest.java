package io.sparkformer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.sample.TokenBatch;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

class PrefetchedBatchesTest {

  /** Steps and micro-batches in the order in which they were read, and by whom. */
  private final List<String> reads = new CopyOnWriteArrayList<>();

  private final List<Thread> readers = new CopyOnWriteArrayList<>();
  private final Semaphore done = new Semaphore(0);

  @Test
  void eachIsReadOnceAndInTheBackgroundWhileTheOneBeforeTrains() throws InterruptedException {
    try (PrefetchedBatches batches = new PrefetchedBatches(this::read, 2, 4)) {
      for (int step = 0; step < 3; step++) {
        for (int microBatch = 2; microBatch < 4; microBatch++) {
          assertThat(batches.batch(step, microBatch).inputs()).containsExactly(step, microBatch);
          awaitRead(); // by the caller the first time, later in the background
          if (step == 0 && microBatch == 2) {
            awaitRead();
          }
        }
      }
      assertThat(reads).containsExactly("0 2", "0 3", "1 2", "1 3", "2 2", "2 3", "3 2");
      assertThat(readers.get(0)).isSameAs(Thread.currentThread());
      assertThat(readers.subList(1, readers.size()))
          .allSatisfy(reader -> assertThat(reader.getName()).isEqualTo("batch-reader"));
    }
    readers.get(1).join(10_000);
    assertThat(readers.get(1).isAlive()).isFalse();
  }

  @Test
  void anotherThanTheExpectedOneIsReadDirectly() {
    try (PrefetchedBatches batches = new PrefetchedBatches(this::read, 0, 2)) {
      for (int step : new int[] {7, 7, 3, 9}) {
        assertThat(batches.batch(step, 0).inputs()).containsExactly(step, 0);
      }
      assertThat(batches.batch(9, 1).inputs()).containsExactly(9, 1);
      assertThat(batches.batch(10, 0).inputs()).containsExactly(10, 0);
    }
  }

  @Test
  void aFailureReachesWhoAsksForTheBatchAndNoOneElse() {
    try (PrefetchedBatches batches =
        new PrefetchedBatches(
            (step, microBatch) -> {
              if (step == 1) {
                throw new IllegalStateException("closed");
              }
              return read(step, microBatch);
            },
            0,
            1)) {
      assertThat(batches.batch(0, 0).inputs()).containsExactly(0, 0);
      assertThatThrownBy(() -> batches.batch(1, 0))
          .isInstanceOf(IllegalStateException.class)
          .hasMessage("closed");
      assertThat(batches.batch(2, 0).inputs()).containsExactly(2, 0);
      assertThat(batches.batch(3, 0).inputs()).containsExactly(3, 0);
    }
  }

  @Test
  void anInterruptedCallerGetsItsBatchAndStaysInterrupted() {
    try (PrefetchedBatches batches = new PrefetchedBatches(this::read, 0, 1)) {
      assertThat(batches.batch(0, 0).inputs()).containsExactly(0, 0);
      Thread.currentThread().interrupt();
      assertThat(batches.batch(1, 0).inputs()).containsExactly(1, 0);
      assertThat(Thread.interrupted()).isTrue();
    }
  }

  private TokenBatch read(long step, int microBatch) {
    reads.add(step + " " + microBatch);
    readers.add(Thread.currentThread());
    done.release();
    return TokenBatch.full(new long[] {step, microBatch}, new long[2], 1, 2);
  }

  private void awaitRead() throws InterruptedException {
    assertThat(done.tryAcquire(10, TimeUnit.SECONDS)).isTrue();
  }
}
