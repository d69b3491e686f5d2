package io.sparkformer.datasets.tokenizer;

import java.util.List;

/**
 * Tokens that a tokenizer's file puts around every text that a model is to read; {@link
 * Tokenizer#encode} leaves them out.
 *
 * @param before their ids before it
 * @param after their ids behind it
 */
public record AroundText(List<Integer> before, List<Integer> after) {

  /** None. */
  public static final AroundText NOTHING = new AroundText(List.of(), List.of());

  public AroundText {
    before = List.copyOf(before);
    after = List.copyOf(after);
  }
}
