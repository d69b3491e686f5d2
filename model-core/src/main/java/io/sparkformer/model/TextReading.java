package io.sparkformer.model;

import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import java.util.List;
import java.util.Optional;

/**
 * How a text becomes a model's input: in training, and wherever the model is used.
 *
 * @param before ids of the tokens that are put before every text
 * @param after ids of the tokens that follow every text
 * @param truncate the side on which a text is cut that is too long together with these tokens,
 *     which stay
 * @param longest tokens of an input, if the model's tokenizer bounds them; its context does so
 *     anyway
 * @param padding id of a token that, at the end of an input, is not looked at by a classifier of
 *     sequences
 */
public record TextReading(
    List<Integer> before,
    List<Integer> after,
    Truncation truncate,
    Optional<Integer> longest,
    Optional<Integer> padding) {

  /** The text alone, its beginning if it is too long. */
  public static final TextReading PLAIN = appending(Optional.empty(), Truncation.RIGHT);

  public TextReading {
    before = List.copyOf(before);
    after = List.copyOf(after);
  }

  /** As models are trained here. */
  public static TextReading appending(Optional<Integer> token, Truncation truncate) {
    return new TextReading(
        List.of(),
        token.map(List::of).orElse(List.of()),
        truncate,
        Optional.empty(),
        Optional.empty());
  }

  /** Whether it is one of {@link #appending}. */
  boolean isAppending() {
    return before.isEmpty() && after.size() <= 1 && longest.isEmpty() && padding.isEmpty();
  }

  /** The same, of a model that looks at all of an input. */
  public TextReading withoutPadding() {
    return new TextReading(before, after, truncate, longest, Optional.empty());
  }

  /** The same, cut on a side. */
  public TextReading cutting(Truncation side) {
    return new TextReading(before, after, side, longest, padding);
  }
}
