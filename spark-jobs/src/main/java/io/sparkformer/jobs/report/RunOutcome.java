package io.sparkformer.jobs.report;

import java.util.OptionalLong;

/** How far a run came, or how it ended. */
public sealed interface RunOutcome {

  /**
   * It goes on.
   *
   * @param step updates done
   * @param maxSteps updates that it is to do
   * @param secondsLeft at the speed so far, if that is known
   */
  record Running(long step, long maxSteps, OptionalLong secondsLeft) implements RunOutcome {}

  /**
   * It came to its end.
   *
   * @param step updates done
   * @param stoppedEarly whether that was before the recipe's last step
   */
  record Finished(long step, boolean stoppedEarly) implements RunOutcome {}

  /**
   * Somebody ended it.
   *
   * @param step updates done, as far as is known
   * @param kept of the newest checkpoint, if there is one
   */
  record Interrupted(long step, OptionalLong kept) implements RunOutcome {}

  /**
   * Its loss was no number.
   *
   * @param message where, and what helps
   */
  record Diverged(String message) implements RunOutcome {}

  /**
   * It failed.
   *
   * @param message why
   */
  record Failed(String message) implements RunOutcome {}
}
