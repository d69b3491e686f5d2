package io.sparkformer.jobs;

/** What a job's process ends with, for scripts. */
public final class ExitCode {

  public static final int DONE = 0;

  /** Something failed that the user could not know. */
  public static final int FAILED = 1;

  /** The user's mistake, or a result that asks for a change. */
  public static final int MISUSED = 2;

  /** Ctrl-C. Other signals end a process with 128 plus their number. */
  public static final int INTERRUPTED = 130;

  private ExitCode() {}
}
