package io.sparkformer.jobs.train;

import io.sparkformer.jobs.cluster.RunEvent;
import java.io.Closeable;
import java.time.Duration;
import java.util.function.Consumer;

/** Tells, again and again, what a rank is at if that takes long. Safe for many threads. */
final class SlowWork implements Closeable {

  static final Duration INTERVAL = Duration.ofSeconds(10);

  private static final int LOOKS = 10;

  private final Thread thread = new Thread(this::look, "slow-work");
  private final Duration interval;
  private final Consumer<RunEvent.Working> listener;
  private volatile Work work;

  private record Work(String what, long started) {}

  private SlowWork(Duration interval, Consumer<RunEvent.Working> listener, String what) {
    this.interval = interval;
    this.listener = listener;
    this.work = new Work(what, System.nanoTime());
  }

  /**
   * Begins to look.
   *
   * @param interval how often it tells, and what is long
   * @param what is begun, as in "step 3"
   */
  static SlowWork begin(Duration interval, Consumer<RunEvent.Working> listener, String what) {
    SlowWork slow = new SlowWork(interval, listener, what);
    slow.thread.setDaemon(true);
    slow.thread.start();
    return slow;
  }

  /** What comes next. */
  void at(String what) {
    work = new Work(what, System.nanoTime());
  }

  private void look() {
    try {
      for (long told = System.nanoTime(); ; ) {
        Thread.sleep(interval.toMillis() / LOOKS);
        Work now = work;
        long moment = System.nanoTime();
        if (moment - Math.max(told, now.started) >= interval.toNanos()) {
          told = moment;
          listener.accept(
              new RunEvent.Working(now.what, Duration.ofNanos(moment - now.started).toSeconds()));
        }
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt(); // closed
    }
  }

  @Override
  public void close() {
    thread.interrupt();
  }
}
