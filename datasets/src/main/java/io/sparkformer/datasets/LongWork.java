package io.sparkformer.datasets;

import java.time.Duration;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Says how far something is that takes long: a line every ten seconds, none if it takes less. */
public final class LongWork {

  private static final Logger LOG = LoggerFactory.getLogger(LongWork.class);
  private static final Duration INTERVAL = Duration.ofSeconds(10);

  private final String what;
  private final String unit;
  private final long total;
  private final Duration interval;
  private final Consumer<String> listener;
  private long told = System.nanoTime();

  LongWork(String what, String unit, long total, Duration interval, Consumer<String> listener) {
    this.what = what;
    this.unit = unit;
    this.total = total;
    this.interval = interval;
    this.listener = listener;
  }

  /**
   * Begins.
   *
   * @param what is done, as in "opening the data set"
   * @param unit what is counted, as in "files"
   */
  public static LongWork begin(String what, String unit, long total) {
    return new LongWork(what, unit, total, INTERVAL, LOG::info);
  }

  /** To be called now and then with what is done. */
  public void at(long done) {
    long now = System.nanoTime();
    if (now - told >= interval.toNanos()) {
      listener.accept("%s: %d of %d %s".formatted(what, done, total, unit));
      told = now;
    }
  }
}
