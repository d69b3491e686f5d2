package io.sparkformer.datasets.tokens;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sparkformer.datasets.InvalidInputException;
import java.util.Arrays;

/** The splits of a data set, named as in its files. */
public enum SplitName {
  /** What is trained on. */
  @JsonProperty("train")
  TRAIN("train"),
  /** What is held out, for evaluation. */
  @JsonProperty("valid")
  VALID("valid");

  private final String label;

  SplitName(String label) {
    this.label = label;
  }

  /**
   * The split that a user names.
   *
   * @param option by which they do
   * @throws InvalidInputException if there is none such
   */
  public static SplitName of(String option, String label) {
    return Arrays.stream(values())
        .filter(name -> name.label.equals(label))
        .findFirst()
        .orElseThrow(
            () ->
                new InvalidInputException(
                    option + " " + label + " is no split of a data set: use train or valid"));
  }

  /** As files and users write it. */
  public String label() {
    return label;
  }

  @Override
  public String toString() {
    return label;
  }
}
