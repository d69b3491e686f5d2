package io.sparkformer.jobs.output;

/** What to do with an output directory that is there already. */
public enum ExistingOutput {
  /** It is an error. */
  REFUSE,
  /** It is replaced when the new one is complete, if it is of the same kind. */
  REPLACE
}
