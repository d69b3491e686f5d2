package io.sparkformer.jobs.cluster;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The executors of this application as the driver sees them: how many there are, which are at work
 * for a group of jobs, and which were lost and why.
 */
public final class ExecutorMonitor extends SparkListener implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(ExecutorMonitor.class);
  private static final int POLL_MILLIS = 100;
  private static final int LOSS_SECONDS = 2;

  /** Between two heartbeats of an executor. */
  static final int HEARTBEAT_SECONDS = 5;

  private static final int SILENT_SECONDS = 2 * HEARTBEAT_SECONDS + 1;

  /** Standalone workers wait 10 s before they kill an executor that ignores them. */
  private static final int KILL_SECONDS = 40;

  private final SparkContext spark;
  private final JobGroup group;
  private final Map<Long, Worker> running = new LinkedHashMap<>();
  private final Map<String, String> hosts = new LinkedHashMap<>();
  private final Map<String, Long> signs = new LinkedHashMap<>();
  private final Map<String, String> lost = new LinkedHashMap<>();
  private String failed = "";

  /**
   * Where a task runs.
   *
   * @param executor its id
   * @param host of it
   */
  private record Worker(String executor, String host) {}

  private ExecutorMonitor(JobGroup group) {
    this.spark = group.spark();
    this.group = group;
  }

  /** Begins to watch. */
  public static ExecutorMonitor of(JobGroup group) {
    ExecutorMonitor executors = new ExecutorMonitor(group);
    group.listen(executors);
    return executors;
  }

  /** Ends the watch. */
  @Override
  public void close() {
    group.forget(this);
  }

  /** Whether tasks run in the driver itself, so that nothing can be lost but with it. */
  public boolean areTheDriver() {
    return spark.isLocal();
  }

  /** Executors that are registered. */
  public int count() {
    return areTheDriver() ? 1 : spark.getExecutorIds().size();
  }

  public synchronized boolean areAtWork() {
    return !running.isEmpty();
  }

  /** Forgets what was lost and what failed so far. */
  public synchronized void forget() {
    lost.clear();
    failed = "";
  }

  /** What was lost since {@link #forget}, in words, and where a task failed by itself. */
  public synchronized Optional<String> whatHappened() {
    List<String> all = new ArrayList<>(lost.values());
    boolean isConsequence = failed.contains("PeerFailedException") && !lost.isEmpty();
    if (!failed.isEmpty() && !isConsequence) {
      all.add(0, failed);
    }
    return all.isEmpty() ? Optional.empty() : Optional.of(String.join("; ", all));
  }

  /**
   * Waits for executors.
   *
   * @return how many there are: as many as wanted, or fewer when the time is over
   */
  public int await(int wanted, int seconds) throws InterruptedException {
    long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (count() < wanted && System.nanoTime() < deadline) {
      Thread.sleep(POLL_MILLIS);
    }
    return count();
  }

  /**
   * Waits until the tasks of a failed attempt have ended. Executors that neither end theirs nor
   * send heartbeats hang: they are killed and replaced.
   *
   * @param limitSeconds after which executors are killed that send heartbeats, and no more
   */
  public void settle(int limitSeconds) throws InterruptedException {
    long started = System.nanoTime();
    Set<String> killed = new LinkedHashSet<>();
    while (areAtWork() && secondsSince(started) < limitSeconds + KILL_SECONDS) {
      for (Worker worker : atWork()) {
        boolean hangs = secondsSince(lastSign(worker)) > SILENT_SECONDS;
        if ((hangs || secondsSince(started) > limitSeconds) && killed.add(worker.executor())) {
          kill(worker);
        }
      }
      Thread.sleep(POLL_MILLIS);
    }
    // The others often notice that one is lost before Spark does.
    started = System.nanoTime();
    while (!anyLost() && secondsSince(started) < LOSS_SECONDS) {
      Thread.sleep(POLL_MILLIS);
    }
  }

  private void kill(Worker worker) {
    String what = "executor " + worker.executor() + " on " + worker.host();
    LOG.warn("{} does not answer and is killed", what);
    synchronized (this) {
      lost.put(worker.executor(), what + " did not answer and was killed");
    }
    spark.killAndReplaceExecutor(worker.executor());
  }

  private synchronized long lastSign(Worker worker) {
    return signs.getOrDefault(worker.executor(), 0L);
  }

  private static long secondsSince(long nanos) {
    return TimeUnit.NANOSECONDS.toSeconds(System.nanoTime() - nanos);
  }

  private synchronized boolean anyLost() {
    return !lost.isEmpty();
  }

  private synchronized Set<Worker> atWork() {
    return new LinkedHashSet<>(running.values());
  }

  @Override
  public synchronized void onTaskStart(SparkListenerTaskStart start) {
    if (!group.hasStage(start.stageId())) {
      return; // somebody else's
    }
    Worker worker = new Worker(start.taskInfo().executorId(), start.taskInfo().host());
    running.put(start.taskInfo().taskId(), worker);
    hosts.put(worker.executor(), worker.host());
    signs.put(worker.executor(), System.nanoTime());
  }

  @Override
  public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate heartbeat) {
    signs.put(heartbeat.execId(), System.nanoTime());
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    running.remove(end.taskInfo().taskId());
    if (failed.isEmpty()
        && group.hasStage(end.stageId())
        && end.reason() instanceof org.apache.spark.ExceptionFailure failure
        && !failure.description().isEmpty()) {
      failed = failure.className() + ": " + failure.description() + ", on " + end.taskInfo().host();
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
