package io.sparkformer.train;

import io.sparkformer.datasets.sample.TokenBatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/**
 * Micro-batches of which the next one is prepared while the current one trains.
 *
 * <p>They may be asked for in any order, but only step by step, each step's in order, are they
 * there in time. For one caller.
 */
public final class PrefetchedBatches implements Trainer.Batches, AutoCloseable {

  private static final long CLOSING_SECONDS = 10;

  private final Trainer.Batches source;
  private final int firstMicroBatch;
  private final int endMicroBatch;
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread reader = new Thread(work, "batch-reader");
            reader.setDaemon(true);
            return reader;
          });
  private Next next;

  private record Next(long step, int microBatch, Future<TokenBatch> batch) {}

  /**
   * Reads ahead.
   *
   * @param source safe for many threads
   * @param firstMicroBatch of every step
   * @param endMicroBatch one past the last of every step
   */
  public PrefetchedBatches(Trainer.Batches source, int firstMicroBatch, int endMicroBatch) {
    if (firstMicroBatch < 0 || endMicroBatch < firstMicroBatch) {
      throw new IllegalArgumentException(
          "micro-batches from " + firstMicroBatch + " to " + endMicroBatch);
    }
    this.source = source;
    this.firstMicroBatch = firstMicroBatch;
    this.endMicroBatch = endMicroBatch;
  }

  @Override
  public TokenBatch batch(long step, int microBatch) {
    Next prepared = next;
    TokenBatch batch =
        prepared != null && prepared.step == step && prepared.microBatch == microBatch
            ? await(prepared)
            : source.batch(step, microBatch);
    boolean last = microBatch + 1 >= endMicroBatch;
    prepare(last ? step + 1 : step, last ? firstMicroBatch : microBatch + 1);
    return batch;
  }

  private void prepare(long step, int microBatch) {
    next = new Next(step, microBatch, thread.submit(() -> source.batch(step, microBatch)));
  }

  private TokenBatch await(Next prepared) {
    try {
      return prepared.batch.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return source.batch(prepared.step, prepared.microBatch);
    } catch (ExecutionException e) {
      // Once more, here: it passes, or fails with a trace that names the caller.
      return source.batch(prepared.step, prepared.microBatch);
    }
  }

  /** Waits for what is being read, so that its source may be closed. */
  @Override
  public void close() {
    thread.shutdownNow();
    try {
      thread.awaitTermination(CLOSING_SECONDS, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
