package io.sparkformer.jobs.cluster;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
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
 * which may be other people's.
 */
public final class JobGroup extends SparkListener implements AutoCloseable {

  private static final String ID = "spark.jobGroup.id";

  /** All that Spark sets for a group. */
  private static final List<String> PROPERTIES =
      List.of(ID, "spark.job.description", "spark.job.interruptOnCancel");

  private static final int WAIT_MILLIS = 50;
  private static final int WAITS = 200;

  private final SparkContext spark;
  private final String id = "sparkformer-" + UUID.randomUUID();
  private final Map<String, String> before = new HashMap<>();
  private final Set<Integer> jobs = new HashSet<>();
  private final Set<Integer> stages = new HashSet<>();
  private final Map<Long, String> running = new HashMap<>();

  private JobGroup(SparkContext spark) {
    this.spark = spark;
  }

  /**
   * Begins a group: until it is closed, the jobs that this thread starts are in it.
   *
   * @param description for Spark's pages
   */
  public static JobGroup begin(JavaSparkContext spark, String description) {
    JobGroup group = new JobGroup(spark.sc());
    PROPERTIES.forEach(key -> group.before.put(key, spark.getLocalProperty(key)));
    spark.sc().addSparkListener(group);
    spark.setJobGroup(group.id, description);
    return group;
  }

  SparkContext spark() {
    return spark;
  }

  /** Ends the group's jobs that run, from any thread. */
  public void cancel() {
    spark.cancelJobGroup(id);
  }

  /** Whether a stage belongs to one of the group's jobs. */
  public synchronized boolean has(int stage) {
    return stages.contains(stage);
  }

  /**
   * Waits, ten seconds at most, until none of the group's tasks runs: those of a job that was given
   * up go on for a moment, and must not write any more.
   */
  public void awaitEnd() throws InterruptedException {
    boolean idle = false;
    for (int i = 0; i < WAITS && !spark.isStopped(); i++) {
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

  /** Gives the thread back the group that it had. */
  @Override
  public void close() {
    before.forEach(spark::setLocalProperty);
    spark.removeSparkListener(this);
  }

  @Override
  public synchronized void onJobStart(SparkListenerJobStart start) {
    Properties properties = start.properties();
    if (properties != null && id.equals(properties.getProperty(ID))) {
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
