package io.sparkformer.jobs;

import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;

/** Moves a progress display by the bytes that finished tasks have read. */
final class InputProgress extends SparkListener {

  static final int UNIT_BYTES = 1_000;

  private final Progress progress;
  private final AtomicLong bytes = new AtomicLong();

  InputProgress(Progress progress) {
    this.progress = progress;
  }

  @Override
  public void onTaskEnd(SparkListenerTaskEnd taskEnd) {
    // A lost executor's tasks end without metrics.
    if (taskEnd.taskInfo().successful() && taskEnd.taskMetrics() != null) {
      progress.stepTo(
          bytes.addAndGet(taskEnd.taskMetrics().inputMetrics().bytesRead()) / UNIT_BYTES, "");
    }
  }
}
