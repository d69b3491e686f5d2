package io.sparkformer.jobs.cluster;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorRemoved;
import org.apache.spark.scheduler.SparkListenerJobEnd;
import org.apache.spark.scheduler.SparkListenerJobStart;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;

/**
 * The Spark jobs that one job of ours starts on this thread, apart from all others of the session,
 * which may be other people's. Spark knows them by a tag: the thread's own job group, by which who
 * called us may cancel what they started, stays.
 */
public final class JobGroup extends SparkListener implements AutoCloseable {

  /** Where Spark keeps a job's tags, with commas between them. */
  private static final String TAGS = "spark.job.tags";

  private static final int WAIT_MILLIS = 50;
  private static final int GIVE_UP_SECONDS = 10;

  private final SparkContext spark;
  private final String tag;
  private final Set<Integer> jobs = new HashSet<>();
  private final Set<Integer> stages = new HashSet<>();
  private final Map<Long, String> running = new HashMap<>();
  private final List<SparkListener> listeners = new ArrayList<>();

  private JobGroup(SparkContext spark, String tag) {
    this.spark = spark;
    this.tag = tag;
  }

  /**
   * Begins a group: until it is closed, the jobs that this thread starts are in it.
   *
   * @param name begins the tag
   */
  public static JobGroup begin(JavaSparkContext spark, String name) {
    JobGroup group = new JobGroup(spark.sc(), "sparkformer-" + name + "-" + UUID.randomUUID());
    group.listen(group);
    spark.sc().addJobTag(group.tag);
    return group;
  }

  SparkContext spark() {
    return spark;
  }

  /** Adds a listener, which hears of all of the session's tasks, until the group is closed. */
  public void listen(SparkListener listener) {
    listeners.add(listener);
    spark.addSparkListener(listener);
  }

  /** Removes one before. */
  public void forget(SparkListener listener) {
    listeners.remove(listener);
    spark.removeSparkListener(listener);
  }

  /** Ends the group's jobs that run, from any thread; a Spark that has stopped has none. */
  public void cancel() {
    if (!spark.isStopped()) { // else it would throw, in place of why it stopped
      spark.cancelJobsWithTag(tag);
    }
  }

  /** Whether a stage belongs to one of the group's jobs. */
  public synchronized boolean hasStage(int stage) {
    return stages.contains(stage);
  }

  /**
   * Gives up what runs, after a failure: what its tasks go on writing for a moment must not come
   * after what is done about it.
   *
   * @param failure gets what keeps this from waiting
   */
  public void giveUp(Exception failure) {
    cancel();
    try {
      awaitEnd();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      failure.addSuppressed(e);
    }
  }

  /** Waits until none of the group's jobs and tasks runs, some seconds at most. */
  public void awaitEnd() throws InterruptedException {
    awaitEnd(GIVE_UP_SECONDS);
  }

  /**
   * Waits until none of the group's jobs and tasks runs.
   *
   * @param seconds at most
   */
  public void awaitEnd(int seconds) throws InterruptedException {
    boolean idle = false;
    long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
    while (System.nanoTime() < end && !spark.isStopped()) {
      boolean idleBefore = idle;
      idle = isIdle();
      if (idle && idleBefore) { // What Spark tells comes a little late.
        return;
      }
      Thread.sleep(WAIT_MILLIS);
    }
  }

  private synchronized boolean isIdle() {
    return jobs.isEmpty() && running.isEmpty();
  }

  /** What the thread starts now is no longer in the group. */
  @Override
  public void close() {
    spark.removeJobTag(tag);
    listeners.forEach(spark::removeSparkListener);
  }

  @Override
  public synchronized void onJobStart(SparkListenerJobStart start) {
    Properties properties = start.properties();
    String tags = properties == null ? "" : properties.getProperty(TAGS, "");
    if (List.of(tags.split(",")).contains(tag)) {
      jobs.add(start.jobId());
      start.stageIds().foreach(stage -> stages.add((Integer) stage));
    }
  }

  @Override
  public synchronized void onJobEnd(SparkListenerJobEnd end) {
    jobs.remove(end.jobId());
  }

  @Override
  public synchronized void onTaskStart(SparkListenerTaskStart start) {
    if (stages.contains(start.stageId())) {
      running.put(start.taskInfo().taskId(), start.taskInfo().executorId());
    }
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd end) {
    running.remove(end.taskInfo().taskId());
  }

  @Override
  public synchronized void onExecutorRemoved(SparkListenerExecutorRemoved removed) {
    running.values().removeIf(removed.executorId()::equals);
  }
}
