package io.sparkformer.recipe;

import com.fasterxml.jackson.annotation.JsonProperty;

/** What an interval counts. */
public enum IntervalUnit {
  @JsonProperty("step")
  STEP,
  @JsonProperty("epoch")
  EPOCH;

  /** An interval in steps. */
  long steps(long interval, long stepsPerEpoch) {
    return this == EPOCH ? Math.multiplyExact(interval, stepsPerEpoch) : interval;
  }
}
