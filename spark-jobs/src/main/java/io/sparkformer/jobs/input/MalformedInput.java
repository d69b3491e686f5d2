package io.sparkformer.jobs.input;

import io.sparkformer.datasets.InvalidInputException;

/** What to do with bytes that are not UTF-8. */
public enum MalformedInput {
  /** They are an error. */
  FAIL,
  /** Each malformed part is read as U+FFFD. */
  REPLACE;

  public static MalformedInput of(String option) {
    return switch (option) {
      case "fail" -> FAIL;
      case "replace" -> REPLACE;
      default ->
          throw new InvalidInputException("--malformed is '" + option + "': use fail or replace");
    };
  }
}
