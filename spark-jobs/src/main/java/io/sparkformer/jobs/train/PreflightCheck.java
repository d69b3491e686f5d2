package io.sparkformer.jobs.train;

import java.io.Serializable;
import java.util.Locale;

/**
 * One thing that must hold before ranks start.
 *
 * @param detail what was found
 * @param remedy what to change, if something must be and the detail does not say it; else empty
 */
record PreflightCheck(String name, Status status, String detail, String remedy)
    implements Serializable {

  enum Status {
    OK,
    FAILED,
    SKIPPED
  }

  static PreflightCheck ok(String name, String detail) {
    return new PreflightCheck(name, Status.OK, detail, "");
  }

  static PreflightCheck failed(String name, String detail, String remedy) {
    return new PreflightCheck(name, Status.FAILED, detail, remedy);
  }

  static PreflightCheck skipped(String name, String reason) {
    return new PreflightCheck(name, Status.SKIPPED, reason, "");
  }

  boolean hasFailed() {
    return status == Status.FAILED;
  }

  /** What is wrong and what to do about it. */
  String problem() {
    return remedy.isEmpty() ? detail : detail + ": " + remedy;
  }

  @Override
  public String toString() {
    String word = status.name().toLowerCase(Locale.ROOT);
    return "%-10s %-8s %s".formatted(name, word, problem());
  }
}
