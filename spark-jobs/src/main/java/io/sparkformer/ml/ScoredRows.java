package io.sparkformer.ml;

import io.sparkformer.model.Kernels;
import io.sparkformer.predict.BatchLimits;
import io.sparkformer.predict.TextReader;
import java.io.Serializable;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.Deque;
import java.util.Iterator;
import java.util.NoSuchElementException;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.apache.spark.TaskContext;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;

/**
 * A partition's rows, in their order, each with one column more.
 *
 * <p>A thread beside the task's works on one window of rows while the task reads the texts of the
 * next and hands on the results of the one before.
 */
final class ScoredRows<M extends AutoCloseable> implements Iterator<Row>, AutoCloseable {

  private static final int WINDOWS_AHEAD = 2;

  private final Iterator<Row> rows;
  private final TextTask<M> task;
  private final M model;
  private final Settings settings;
  private final ScoringTally tally;
  private final TextReader reader;
  private final ExecutorService engine;
  private final Deque<Future<Window.Scored>> running = new ArrayDeque<>();
  private Iterator<Row> scoredRows = Collections.emptyIterator();
  private Iterator<Row> results = Collections.emptyIterator();
  private long handedOn;
  private volatile boolean closed;

  /**
   * How it is done.
   *
   * @param column of the text
   * @param windowRows rows that may wait for each other
   */
  record Settings(int column, BatchLimits limits, int windowRows, OnError onError)
      implements Serializable {}

  ScoredRows(Iterator<Row> rows, TextTask<M> task, M model, Settings settings, ScoringTally tally) {
    this.rows = rows;
    this.task = task;
    this.model = model;
    this.settings = settings;
    this.tally = tally;
    this.reader = task.reader(model);
    int threads = TaskContext.get().cpus();
    this.engine =
        Executors.newSingleThreadExecutor(
            work -> {
              Thread thread =
                  new Thread(
                      () -> {
                        Kernels.threads(threads);
                        work.run();
                      },
                      "scoring");
              thread.setDaemon(true);
              return thread;
            });
  }

  @Override
  public boolean hasNext() {
    while (!scoredRows.hasNext()) {
      readAhead();
      if (running.isEmpty()) {
        return false;
      }
      Window.Scored scored = await(running.remove());
      tally.add(scored.counts());
      scoredRows = scored.rows().iterator();
      results = scored.results().iterator();
    }
    return true;
  }

  private void readAhead() {
    while (running.size() < WINDOWS_AHEAD && rows.hasNext()) {
      Window window = Window.read(rows, settings.column(), reader, settings.windowRows());
      running.add(
          engine.submit(() -> window.scored(model, task, settings.limits(), () -> !closed)));
    }
  }

  @Override
  public Row next() {
    if (!hasNext()) {
      throw new NoSuchElementException();
    }
    Row row = scoredRows.next();
    Row result = results.next();
    handedOn++;
    Object[] values = new Object[row.length() + 1];
    for (int i = 0; i < row.length(); i++) {
      values[i] = row.get(i);
    }
    values[row.length()] =
        Window.hasFailed(result)
            ? settings.onError().shown(result, "row " + handedOn + " of the partition")
            : result;
    return RowFactory.create(values);
  }

  private static Window.Scored await(Future<Window.Scored> scored) {
    try {
      return scored.get();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException("interrupted while rows were scored", e);
    } catch (ExecutionException e) {
      if (e.getCause() instanceof RuntimeException unchecked) {
        throw unchecked;
      }
      throw new IllegalStateException("scoring failed", e.getCause());
    }
  }

  /** Waits for the engine's last call: the model may be closed afterwards. */
  @Override
  public void close() {
    closed = true;
    engine.shutdown();
    boolean interrupted = false;
    boolean ended = false;
    while (!ended) {
      try {
        ended = engine.awaitTermination(1, TimeUnit.SECONDS);
      } catch (InterruptedException e) {
        interrupted = true;
      }
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
