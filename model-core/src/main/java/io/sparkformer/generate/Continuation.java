package io.sparkformer.generate;

import java.util.List;

/**
 * What a model wrote after a prompt.
 *
 * @param ids the new tokens, without the end-of-text token
 * @param stoppedBy why there are no more
 */
public record Continuation(List<Integer> ids, StopReason stoppedBy) {

  /** What ended a continuation. */
  public enum StopReason {
    LENGTH("length"),
    END_OF_TEXT("end-of-text");

    private final String label;

    StopReason(String label) {
      this.label = label;
    }

    /** As it is shown to users. */
    public String label() {
      return label;
    }
  }

  public Continuation {
    ids = List.copyOf(ids);
  }
}
