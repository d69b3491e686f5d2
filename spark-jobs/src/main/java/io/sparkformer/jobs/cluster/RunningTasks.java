package io.sparkformer.jobs.cluster;

import java.util.Arrays;
import org.apache.spark.SparkContext;
import org.apache.spark.SparkExecutorInfo;

/** Tasks of a stage that was given up: they go on for a moment, and must not write any more. */
public final class RunningTasks {

  private static final int WAIT_MILLIS = 50;
  private static final int WAITS = 200;

  private RunningTasks() {}

  /** Waits until the application has none, ten seconds at most. */
  public static void awaitEnd(SparkContext spark) throws InterruptedException {
    for (int attempt = 0; attempt < WAITS && count(spark) > 0; attempt++) {
      Thread.sleep(WAIT_MILLIS);
    }
  }

  private static int count(SparkContext spark) {
    return spark.isStopped()
        ? 0
        : Arrays.stream(spark.statusTracker().getExecutorInfos())
            .mapToInt(SparkExecutorInfo::numRunningTasks)
            .sum();
  }
}
