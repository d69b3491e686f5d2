package io.sparkformer.jobs;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** What is shown of jobs' progress on standard error, until it is closed. */
public final class ShownProgress implements AutoCloseable {

  private final PrintStream before = System.err;
  private final ByteArrayOutputStream shown = new ByteArrayOutputStream();

  private ShownProgress() {
    System.setErr(new PrintStream(shown, true, StandardCharsets.UTF_8));
  }

  public static ShownProgress watch() {
    return new ShownProgress();
  }

  /** The lines of a task, without its rate. */
  public List<String> of(String task) {
    return shown
        .toString(StandardCharsets.UTF_8)
        .lines()
        .filter(line -> line.startsWith(task + ": "))
        .map(line -> line.replaceFirst(", [0-9.,]+ \\w+/s", ""))
        .toList();
  }

  @Override
  public void close() {
    System.setErr(before);
  }
}
