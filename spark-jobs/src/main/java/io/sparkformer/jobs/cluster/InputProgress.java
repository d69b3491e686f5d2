package io.sparkformer.jobs.cluster;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.apache.spark.executor.TaskMetrics;
import org.apache.spark.scheduler.AccumulableInfo;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerExecutorMetricsUpdate;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.scheduler.SparkListenerTaskStart;
import org.apache.spark.util.AccumulatorContext;
import org.apache.spark.util.AccumulatorV2;
import scala.Option;
import scala.Tuple4;
import scala.collection.JavaConverters;
import scala.collection.Seq;

/**
 * Moves a progress display by what tasks have read and written: those that ended, and those that
 * run, as their executors' heartbeats tell.
 */
public final class InputProgress extends SparkListener {

  public static final int UNIT_BYTES = 1_000;

  private static final String BYTES = "internal.metrics.input.bytesRead";
  private static final String DOCUMENTS = "internal.metrics.input.recordsRead";
  private static final String TOKENS = "internal.metrics.output.recordsWritten";

  private final Progress progress;
  private final JobGroup group;
  private final String read;
  private final String written;
  private final Map<Long, Counts> running = new HashMap<>();
  private Counts ended = Counts.NONE;

  private record Counts(long bytes, long documents, long tokens) {
    static final Counts NONE = new Counts(0, 0, 0);

    Counts plus(Counts other) {
      return new Counts(bytes + other.bytes, documents + other.documents, tokens + other.tokens);
    }
  }

  /**
   * @param group whose tasks count
   * @param read what records that are read are called
   * @param written what records that are written are called
   */
  public InputProgress(Progress progress, JobGroup group, String read, String written) {
    this.progress = progress;
    this.group = group;
    this.read = read;
    this.written = written;
  }

  /** Shows the whole, once the work is done: what tasks did is told a little later. */
  public void complete() throws InterruptedException {
    group.awaitEnd();
    progress.complete(message());
  }

  @Override
  public synchronized void onTaskStart(SparkListenerTaskStart start) {
    if (group.hasStage(start.stageId())) {
      running.put(start.taskInfo().taskId(), Counts.NONE);
    }
  }

  @Override
  public synchronized void onTaskEnd(SparkListenerTaskEnd taskEnd) {
    running.remove(taskEnd.taskInfo().taskId());
    TaskMetrics metrics = taskEnd.taskMetrics();
    // A lost executor's tasks end without metrics.
    if (taskEnd.taskInfo().successful() && metrics != null && group.hasStage(taskEnd.stageId())) {
      ended =
          ended.plus(
              new Counts(
                  metrics.inputMetrics().bytesRead(),
                  metrics.inputMetrics().recordsRead(),
                  metrics.outputMetrics().recordsWritten()));
    }
    show();
  }

  @Override
  public synchronized void onExecutorMetricsUpdate(SparkListenerExecutorMetricsUpdate update) {
    for (Tuple4<Object, Object, Object, Seq<AccumulableInfo>> task :
        JavaConverters.seqAsJavaList(update.accumUpdates())) {
      if (!group.hasStage((Integer) task._2())) {
        continue;
      }
      Map<String, Long> values = new HashMap<>();
      for (AccumulableInfo value : JavaConverters.seqAsJavaList(task._4())) {
        if (value.update().isDefined() && value.update().get() instanceof Long count) {
          nameOf(value).ifPresent(name -> values.put(name, count));
        }
      }
      // A heartbeat may come after the end of its task, which is counted then.
      running.replace(
          (Long) task._1(),
          new Counts(
              values.getOrDefault(BYTES, 0L),
              values.getOrDefault(DOCUMENTS, 0L),
              values.getOrDefault(TOKENS, 0L)));
    }
    show();
  }

  /** Executors do not know the names of Spark's own counters, and in one JVM no one adds them. */
  private static Optional<String> nameOf(AccumulableInfo value) {
    Option<AccumulatorV2<?, ?>> counter = AccumulatorContext.get(value.id());
    return counter.isDefined() && counter.get().name().isDefined()
        ? Optional.of(counter.get().name().get())
        : Optional.empty();
  }

  private void show() {
    progress.stepTo(all().bytes() / UNIT_BYTES, message());
  }

  private Counts all() {
    return running.values().stream().reduce(ended, Counts::plus);
  }

  private synchronized String message() {
    Counts all = all();
    return all.tokens() == 0
        ? String.format(Locale.ROOT, "%,d %s", all.documents(), read)
        : String.format(
            Locale.ROOT, "%,d %s, %,d %s", all.documents(), read, all.tokens(), written);
  }
}
