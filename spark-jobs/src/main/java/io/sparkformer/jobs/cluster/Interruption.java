package io.sparkformer.jobs.cluster;

import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hadoop.util.ShutdownHookManager;
import org.apache.spark.SparkEnv;
import org.apache.spark.util.SignalUtils;

/**
 * What is still to be done when Ctrl-C or a signal ends the JVM, before Spark ends its jobs for
 * that reason.
 */
public final class Interruption {

  /** Spark's hooks have at most 50, in a hook of 40. */
  private static final int BEFORE_SPARK = 100;

  private static final int LONGEST_SECONDS = 20;
  private static final AtomicBoolean LEFT = new AtomicBoolean();

  private final Runnable work;

  private Interruption(Runnable work) {
    this.work = work;
  }

  /**
   * Sets what to do then, until {@link #forget}.
   *
   * @param work takes seconds at most
   */
  public static Interruption of(Runnable work) {
    if (!isUnderWay()) {
      ShutdownHookManager.get()
          .addShutdownHook(work, BEFORE_SPARK, LONGEST_SECONDS, TimeUnit.SECONDS);
    }
    return new Interruption(work);
  }

  /**
   * In an executor, has Ctrl-C and the end of a terminal left to the driver: executors on its
   * machine hear of it, too, and would be gone before they have kept what they have.
   */
  public static void leaveToDriver() {
    boolean isDriver = SparkEnv.get().executorId().equals("driver");
    if (!isDriver && !LEFT.getAndSet(true)) {
      for (String signal : List.of("INT", "HUP")) {
        SignalUtils.register(signal, () -> true);
      }
    }
  }

  /** Whether the JVM is ending. */
  private static boolean isUnderWay() {
    return ShutdownHookManager.get().isShutdownInProgress();
  }

  public void forget() {
    if (!isUnderWay()) {
      ShutdownHookManager.get().removeShutdownHook(work);
    }
  }
}
