package io.sparkformer.jobs;

import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The executors of this application as the driver sees them: how many there are, which are at work,
 * and which were lost and why.
 */
final class Executors extends SparkListener {

  private static final Logger LOG = LoggerFactory.getLogger(Executors.class);
  private static final int POLL_MILLIS = 100;
  private static final int LOSS_SECONDS = 2;

  private final SparkContext spark;
  private final Map<Long, Worker> running = new LinkedHashMap<>();
  private final Map<String, String> hosts = new LinkedHashMap<>();
  private final Map<String, String> lost = new LinkedHashMap<>();
  private String failed = "";

  /**
   * Where a task runs.
   *
   * @param executor its id
   * @param host of it
   */
  private record Worker(String executor, String host) {}

  private Executors(SparkContext spark) {
    this.spark = spark;
  }

  /** Begins to watch. */
  static Executors of(JavaSparkContext spark) {
    Executors executors = new Executors(spark.sc());
    spark.sc().addSparkListener(executors);
    return executors;
  }

  /** Whether tasks run in the driver itself, so that nothing can be lost but with it. */
  boolean areTheDriver() {
    return spark.isLocal();
  }

  /** Executors that are registered. */
  int count() {
    return areTheDriver() ? 1 : spark.getExecutorIds().size();
  }

  synchronized boolean areAtWork() {
    return !running.isEmpty();
  }

  /** Forgets what was lost and what failed so far. */
  synchronized void forget() {
    lost.clear();
    failed = "";
  }

  /** What was lost since {@link #forget}, in words, or else where a task failed by itself. */
  synchronized Optional<String> whatHappened() {
    if (!lost.isEmpty()) {
      return Optional.of(String.join("; ", lost.values()));
    }
    return failed.isEmpty() ? Optional.empty() : Optional.of(failed);
  }

  /**
   * Waits for executors.
   *
   * @return how many there are: as many as wanted, or fewer when the time is over
   */
  int await(int wanted, int seconds) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (count() < wanted && System.nanoTime() < deadline) {
      Thread.sleep(POLL_MILLIS);
    }
    return count();
  }

  /**
   * Waits until the tasks of a failed attempt have ended. Executors that do not end theirs hang:
   * they are killed and replaced.
   *
   * @param graceSeconds for tasks to end
   * @param killSeconds for executors that were killed to go
   */
  void settle(int graceSeconds, int killSeconds) throws InterruptedException {
    awaitIdle(graceSeconds);
    for (Worker worker : atWork()) {
      String what = "executor " + worker.executor() + " on " + worker.host();
      LOG.warn("{} does not answer and is killed", what);
      synchronized (this) {
        lost.put(worker.executor(), what + " did not answer and was killed");
      }
      spark.killAndReplaceExecutor(worker.executor());
    }
    awaitIdle(killSeconds);
    // The others often notice that one is lost before Spark does.
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(LOSS_SECONDS);
    while (!anyLost() && System.nanoTime() < deadline) {
      Thread.sleep(POLL_MILLIS);
    }
  }

  private synchronized boolean anyLost() {
    return !lost.isEmpty();
  }

  private void awaitIdle(int seconds) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (areAtWork() && System.nanoTime() < deadline) {
      Thread.sleep(POLL_MILLIS);
    }
  }

  private synchronized Set<Worker> atWork() {
    return new LinkedHashSet<>(running.values());
  }

  @Override
  public synchronized void onTaskStart(SparkListenerTaskStart start) {
    Worker worker = new Worker(start.taskInfo().executorId(), start.taskInfo().host());
    running.put(start.taskInfo().taskId(), worker);
    hosts.put(worker.executor(), worker.host());
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    running.remove(end.taskInfo().taskId());
    if (failed.isEmpty()
        && end.reason() instanceof org.apache.spark.ExceptionFailure failure
        && !failure.description().isEmpty()) {
      failed = failure.description() + ", on " + end.taskInfo().host();
    }
  }

  @Override
  public synchronized void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
    String id = removed.executorId();
    running.values().removeIf(worker -> worker.executor().equals(id));
    String host = hosts.containsKey(id) ? " on " + hosts.get(id) : "";
    lost.putIfAbsent(
        id,
        "executor "
            + id
            + host
            + " was lost ("
            + removed.reason().lines().findFirst().orElse("no reason given").strip()
            + ")");
  }
}
