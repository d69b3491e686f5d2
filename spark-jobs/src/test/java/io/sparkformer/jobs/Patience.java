package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.fail;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;

/**
 * Waits, however slow the machine is, as long as something moves: who waits by a clock fails where
 * others have the cores.
 */
public final class Patience {

  private static final int STILL_SECONDS = 300;
  private static final int POLL_MILLIS = 50;
  private static final int SHOWN = 4_000;

  private Patience() {}

  /**
   * Waits until something holds.
   *
   * @param what for the message
   * @param logs by whose growth it is seen that something moves
   */
  public static void until(String what, Callable<Boolean> holds, Path... logs) throws Exception {
    long moved = System.nanoTime();
    List<Long> before = sizes(logs);
    while (!holds.call()) {
      List<Long> now = sizes(logs);
      if (!now.equals(before)) {
        moved = System.nanoTime();
        before = now;
      }
      if (System.nanoTime() - moved > TimeUnit.SECONDS.toNanos(STILL_SECONDS)) {
        fail(
            "%s: nothing has moved for %d s: %s",
            what, STILL_SECONDS, Arrays.stream(logs).map(Patience::endOf).toList());
      }
      Thread.sleep(POLL_MILLIS);
    }
  }

  /** Waits until a process has ended, and ends it if that does not come. */
  public static void untilEnded(Process process, Path... logs) throws Exception {
    try {
      until("the end of a process", () -> !process.isAlive(), logs);
    } finally {
      process.destroyForcibly();
    }
  }

  private static List<Long> sizes(Path... logs) throws IOException {
    List<Long> sizes = new ArrayList<>();
    for (Path log : logs) {
      sizes.add(Files.exists(log) ? Files.size(log) : 0L);
    }
    return sizes;
  }

  /** The last lines of a log, for messages. */
  static String endOf(Path log) {
    try {
      String text = Files.readString(log);
      return text.substring(Math.max(0, text.length() - SHOWN));
    } catch (IOException e) {
      return e.toString();
    }
  }
}
