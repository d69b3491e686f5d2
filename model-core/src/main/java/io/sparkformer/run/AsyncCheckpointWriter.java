package io.sparkformer.run;

import io.sparkformer.datasets.Closing;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import io.sparkformer.recipe.Recipe;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.time.Duration;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes what a run keeps, in the order it is given, on a thread of its own: steps do not wait for
 * storage.
 *
 * <p>A failure shows in the next call, but that of a checkpoint may be survived: {@link
 * Recipe.OnFailure}.
 */
final class AsyncCheckpointWriter implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(AsyncCheckpointWriter.class);

  /** One being written, one waiting. */
  private static final int SNAPSHOTS = 2;

  private final OwnedOutput output;
  private final CheckpointStore checkpoints;
  private final MetricsLog metrics;
  private final TensorBoardLog events;
  private final Consumer<TrainingEvent> listener;
  private final Recipe.OnFailure onFailure;
  private final Duration longestWait;
  private final Semaphore room = new Semaphore(SNAPSHOTS);
  private final ExecutorService thread =
      Executors.newSingleThreadExecutor(
          work -> {
            Thread writer = new Thread(work, "checkpoint-writer");
            writer.setDaemon(true);
            return writer;
          });
  private volatile Failed failed;
  private volatile long writing;

  /** What is kept of a step. */
  enum Part {
    BEST("best model"),
    CHECKPOINT("checkpoint"),
    LAST("last model");

    private final String label;

    Part(String label) {
      this.label = label;
    }
  }

  private record Failed(String what, Throwable cause) {}

  private interface Work {
    void run() throws IOException;
  }

  /**
   * A writer that takes over the metrics.
   *
   * @param listener told of checkpoints, on this writer's thread
   * @param longestWait how long {@link #awaitRoom} waits
   */
  AsyncCheckpointWriter(
      OwnedOutput output,
      CheckpointStore checkpoints,
      MetricsLog metrics,
      TensorBoardLog events,
      Consumer<TrainingEvent> listener,
      Recipe.OnFailure onFailure,
      Duration longestWait) {
    this.output = output;
    this.checkpoints = checkpoints;
    this.metrics = metrics;
    this.events = events;
    this.listener = listener;
    this.onFailure = onFailure;
    this.longestWait = longestWait;
  }

  void append(Metric metric) throws IOException {
    check();
    thread.execute(() -> unlessFailed(MetricsLog.FILE_NAME, () -> write(metric)));
  }

  /**
   * Reserves room for one snapshot, waiting for it if need be.
   *
   * @return false, after a warning, if storage is so slow that there is none in time
   */
  boolean awaitRoom(long step, Set<Part> parts) throws IOException {
    check();
    try {
      if (room.tryAcquire(longestWait.toMillis(), TimeUnit.MILLISECONDS)) {
        check();
        return true;
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    LOG.warn(
        "no {} of step {}: that of step {} is still being written to {}: raise checkpoint.interval, or use faster"
            + " storage",
        names(parts),
        step,
        writing,
        Storage.shown(output.run().path()));
    return false;
  }

  /** Hands over a snapshot for which there is room; it is closed when it is written. */
  void save(RunState state, Snapshot snapshot, Set<Part> parts) {
    thread.execute(
        () -> {
          try (snapshot) {
            writing = state.step();
            for (Part part : parts) {
              unlessFailed(
                  "the " + part.label + " of step " + state.step(),
                  () -> write(part, state, snapshot));
            }
          } finally {
            room.release();
          }
        });
  }

  private void write(Metric metric) throws IOException {
    unlessToStop(
        MetricsLog.FILE_NAME,
        ", and checkpoints have the lines that it lacks",
        () -> {
          metrics.append(metric);
          events.append(metric);
        });
  }

  private void write(Part part, RunState state, Snapshot snapshot) throws IOException {
    output.owner().require(); // a failure that is not survived
    switch (part) {
      case BEST ->
          unlessToStop(
              "the best model of step " + state.step(),
              ": make room or mend the storage",
              () -> replace(output.run().best(), snapshot));
      case LAST -> replace(output.run().last(), snapshot);
      case CHECKPOINT -> {
        try {
          Path written = checkpoints.write(state, snapshot, metrics);
          listener.accept(new TrainingEvent.CheckpointWritten(state.step(), written));
        } catch (IOException | RuntimeException | FSError e) { // the latter: a full local disk
          survive(state, e);
        }
      }
    }
  }

  private void replace(Path model, Snapshot snapshot) throws IOException {
    output.replace(model, RunDirectory.MODEL_MARKER, snapshot::writeEvaluated);
  }

  /** Writes what training can do without. */
  private void unlessToStop(String what, String then, Work work) throws IOException {
    try {
      work.run();
    } catch (IOException | FSError e) {
      if (onFailure == Recipe.OnFailure.STOP) {
        throw e;
      }
      LOG.warn("{} could not be written ({}); training goes on{}", what, reason(e), then);
    }
  }

  private void survive(RunState state, Throwable e) {
    String what =
        String.format(
            "the checkpoint of step %d could not be written (%s)", state.step(), reason(e));
    String newest =
        checkpoints
            .newestWhole()
            .map(path -> "the newest whole one is " + Storage.shown(path))
            .orElse("there is no whole one yet");
    if (onFailure == Recipe.OnFailure.STOP) {
      throw new InvalidInputException(
          String.format(
              "%s and checkpoint.on-failure is stop; %s: make room or mend the storage, then go on with %s",
              what, newest, checkpoints.newestWhole().isPresent() ? "--resume" : "--overwrite"),
          e);
    }
    LOG.warn(
        "{}; {}; training goes on: make room or mend the storage before the next one is due",
        what,
        newest);
    LOG.debug("the failure in full", e);
  }

  private static String reason(Throwable e) {
    return Reason.of(e instanceof FSError && e.getCause() != null ? e.getCause() : e);
  }

  private void unlessFailed(String what, Work work) {
    if (failed == null) {
      try {
        work.run();
      } catch (Throwable e) { // An Error too would otherwise end the thread unheard.
        failed = new Failed(what, e);
      }
    }
  }

  /**
   * Throws what has gone wrong so far.
   *
   * @throws InvalidInputException if a failed checkpoint is to stop the run
   */
  void check() throws IOException {
    Failed seen = failed;
    if (seen != null && seen.cause() instanceof InvalidInputException mistake) {
      throw new InvalidInputException(mistake.getMessage(), mistake);
    }
    if (seen != null) {
      throw new IOException(
          seen.what() + " could not be written: " + seen.cause().getMessage(), seen.cause());
    }
  }

  /** Waits until everything is written. */
  void await() throws IOException {
    try {
      thread.submit(() -> {}).get();
    } catch (InterruptedException e) {
      throw interrupted(e);
    } catch (ExecutionException e) {
      throw new IllegalStateException("nothing was done, and failed", e);
    }
    check();
  }

  private static IOException interrupted(InterruptedException e) {
    Thread.currentThread().interrupt();
    IOException interrupted = new InterruptedIOException("interrupted while waiting for storage");
    interrupted.initCause(e);
    return interrupted;
  }

  /** Writes what was handed over, unless storage hangs, and closes the metrics; once. */
  @Override
  public void close() throws IOException {
    if (thread.isShutdown()) {
      return;
    }
    thread.execute(
        () -> {
          try {
            Closing.all(events, metrics);
          } catch (Throwable e) { // An Error too: a full local disk is one to Hadoop.
            failed = failed == null ? new Failed(MetricsLog.FILE_NAME, e) : failed;
          }
        });
    thread.shutdown();
    try {
      if (!thread.awaitTermination(longestWait.toMillis(), TimeUnit.MILLISECONDS)) {
        LOG.warn(
            "{} hangs: what was kept of step {} and later may not be whole",
            Storage.shown(output.run().path()),
            writing);
        failed = new Failed("what waited", new IOException("the run has ended"));
        return;
      }
    } catch (InterruptedException e) {
      throw interrupted(e);
    }
    check();
  }

  private static String names(Set<Part> parts) {
    return parts.stream().map(part -> part.label).collect(Collectors.joining(" and "));
  }
}
