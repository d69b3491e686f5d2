package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.InvalidInputException;
import java.util.Arrays;
import java.util.Locale;

/** How documents are chosen for validation. */
public enum SplitMethod {
  /** The end of the corpus. */
  TAIL,
  /** Documents by their text. */
  HASH,
  /** The same share of every label. */
  STRATIFIED;

  /**
   * The method that an option names.
   *
   * @throws InvalidInputException if there is none such
   */
  public static SplitMethod of(String option) {
    return Arrays.stream(values())
        .filter(method -> method.option().equals(option))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidInputException(
                    "--split " + option + " is not supported: use tail, hash or stratified"));
  }

  /** As users write it. */
  String option() {
    return name().toLowerCase(Locale.ROOT);
  }
}
