package io.sparkformer.jobs.cluster;

import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.atomic.AtomicReference;
import me.tongfei.progressbar.ConsoleProgressBarConsumer;
import me.tongfei.progressbar.DelegatingProgressBarConsumer;
import me.tongfei.progressbar.ProgressBar;
import me.tongfei.progressbar.ProgressBarBuilder;
import me.tongfei.progressbar.ProgressBarRenderer;
import me.tongfei.progressbar.ProgressBarStyle;
import me.tongfei.progressbar.ProgressState;

/**
 * How far a job is, on stderr: a live bar on a terminal, elsewhere a plain line every few seconds.
 *
 * <p>Safe for use by many threads.
 */
public final class Progress implements AutoCloseable {

  private static final int LIVE_INTERVAL_MS = 200;
  private static final int PLAIN_INTERVAL_MS = 5_000;
  private static final int PLAIN_LINE_CHARS = 200;

  private final ProgressBar bar;

  private Progress(ProgressBar bar) {
    this.bar = bar;
  }

  /**
   * Starts at 0.
   *
   * @param task what is done, as in {@code tokenize}
   * @param unit what is counted, as in {@code steps}
   * @param total the count at the end
   */
  public static Progress start(String task, String unit, long total) {
    return resume(task, unit, 0, total);
  }

  /**
   * Starts at a count that was reached before; the rate is of what comes after.
   *
   * @param done the count to start at
   */
  public static Progress resume(String task, String unit, long done, long total) {
    ProgressBarBuilder builder =
        ProgressBar.builder()
            .setTaskName(task)
            .setInitialMax(total)
            .startsFrom(done, Duration.ZERO)
            .setUnit(" " + unit, 1)
            .showSpeed();
    if (isOnTerminal()) {
      builder
          .setStyle(ProgressBarStyle.ASCII)
          .setUpdateIntervalMillis(LIVE_INTERVAL_MS)
          .setConsumer(new ConsoleProgressBarConsumer(System.err));
    } else {
      builder
          .setRenderer(plainLines(unit))
          .setUpdateIntervalMillis(PLAIN_INTERVAL_MS)
          .setConsumer(new DelegatingProgressBarConsumer(Progress::print, PLAIN_LINE_CHARS));
    }
    return new Progress(builder.build());
  }

  /**
   * Sets the count.
   *
   * @param message shown beside it, such as the current loss; may be empty
   */
  public void stepTo(long done, String message) {
    bar.setExtraMessage(message);
    bar.stepTo(Math.min(done, bar.getMax()));
  }

  /** Sets the count to the total: the work is done. */
  public void complete(String message) {
    complete(bar.getMax(), message);
  }

  /** The same of work that came to an end with another total than was thought. */
  public void complete(long total, String message) {
    bar.maxHint(total);
    bar.setExtraMessage(message);
    bar.stepTo(total);
  }

  /** Shows the last state and ends the display. */
  @Override
  public void close() {
    bar.close();
  }

  @SuppressWarnings(
      "SystemConsoleNull") // Java 17 is the only one that Spark 3.5 and the build take.
  private static boolean isOnTerminal() {
    return System.console() != null;
  }

  private static ProgressBarRenderer plainLines(String unit) {
    AtomicReference<String> complete = new AtomicReference<>("");
    // The library draws once more when it is closed: the last line need not come twice.
    return (state, maxChars) -> {
      boolean done = state.getCurrent() == state.getMax();
      String shown = state.getMax() + state.getExtraMessage();
      return done && complete.getAndSet(shown).equals(shown) ? "" : plainLine(state, unit);
    };
  }

  private static void print(String line) {
    if (!line.isEmpty()) {
      System.err.println(line);
    }
  }

  private static String plainLine(ProgressState state, String unit) {
    return plainLine(
        state.getTaskName(),
        unit,
        state.getStart(),
        state.getCurrent(),
        state.getMax(),
        state.getElapsedAfterStart(),
        state.getExtraMessage());
  }

  public static String plainLine(
      String task,
      String unit,
      long start,
      long done,
      long total,
      Duration elapsed,
      String message) {
    StringBuilder line = new StringBuilder(task);
    line.append(
        String.format(
            Locale.ROOT, ": %d%% (%,d of %,d %s", percent(done, total), done, total, unit));
    double seconds = elapsed.toMillis() / 1e3;
    if (done > start && seconds > 0) {
      double perSecond = (done - start) / seconds;
      line.append(
          String.format(
              Locale.ROOT, perSecond < 10 ? ", %.2f %s/s" : ", %,.0f %s/s", perSecond, unit));
      if (done < total) {
        line.append(", ").append(clock((long) ((total - done) / perSecond))).append(" left");
      }
    }
    line.append(')');
    return message.isEmpty() ? line.toString() : line.append(' ').append(message).toString();
  }

  private static int percent(long done, long total) {
    return total == 0 ? 100 : (int) (100.0 * done / total);
  }

  private static String clock(long seconds) {
    long hours = seconds / 3600;
    return hours > 0
        ? String.format(Locale.ROOT, "%d:%02d:%02d", hours, seconds / 60 % 60, seconds % 60)
        : String.format(Locale.ROOT, "%d:%02d", seconds / 60, seconds % 60);
  }
}
