package io.sparkformer.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/** Why something failed, as a message to a user can quote it. */
public final class Reason {

  private Reason() {}

  /** The first line of an exception's message; of one without, its name. */
  public static String of(Throwable failure) {
    String line = firstLine(Objects.requireNonNullElse(failure.getMessage(), ""));
    return line.isEmpty() ? failure.getClass().getSimpleName() : line;
  }

  /** The first line of a message; empty if it has none. */
  public static String firstLine(String message) {
    return message.lines().findFirst().orElse("").strip();
  }

  /** A failure and what caused it, the root last. */
  public static List<Throwable> causesOf(Throwable failure) {
    List<Throwable> causes = new ArrayList<>();
    for (Throwable e = failure; e != null && !causes.contains(e); e = e.getCause()) {
      causes.add(e);
    }
    return causes;
  }
}
