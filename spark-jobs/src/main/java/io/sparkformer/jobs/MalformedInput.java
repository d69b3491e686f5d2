package io.sparkformer.jobs;

import io.sparkformer.datasets.InvalidInputException;

/** What to do with bytes that are not UTF-8. */
enum MalformedInput {
  /** They are an error. */
  FAIL,
  /** Each malformed part is read as U+FFFD. */
  REPLACE;

  static MalformedInput of(String option) {
    return switch (option) {
      case "fail" -> FAIL;
      case "replace" -> REPLACE;
      default ->
          throw new InvalidInputException("--malformed is '" + option + "': use fail or replace");
    };
  }
}
