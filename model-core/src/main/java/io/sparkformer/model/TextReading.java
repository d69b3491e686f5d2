package io.sparkformer.model;

import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import java.util.Optional;

/**
 * How a text becomes a model's input: in training, and wherever the model is used.
 *
 * @param appended id of the token that follows every text, if one does
 * @param truncate the side on which what is longer than the context, the appended token included,
 *     is cut
 */
public record TextReading(Optional<Integer> appended, Truncation truncate) {

  /** HuggingFace's GPT-2: the text alone, its beginning if it is too long. */
  public static final TextReading PLAIN = new TextReading(Optional.empty(), Truncation.RIGHT);
}
