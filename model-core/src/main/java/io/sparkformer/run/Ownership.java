package io.sparkformer.run;

import java.io.IOException;

/**
 * Who may write a run's output: one attempt, which asks before each change that is seen by others.
 * An attempt that was taken for dead and wakes up learns here that it is no longer the one.
 */
@FunctionalInterface
public interface Ownership {

  /** Of an output that no other process writes. */
  Ownership UNSHARED = () -> {};

  /**
   * Makes sure that the output is still this attempt's.
   *
   * @throws IOException if another attempt or run has it now
   */
  void require() throws IOException;
}
