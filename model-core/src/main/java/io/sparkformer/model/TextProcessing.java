package io.sparkformer.model;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.util.List;
import java.util.Optional;

/**
 * What stands between texts and a model, and is written with it.
 *
 * @param tokenizer its tokenizer, if it has one
 * @param endOfText ids of the tokens that end a text, if there are such
 * @param labels names of a classifier's classes; none for a language model
 * @param problem what a classifier's logits mean
 * @param reading how it was trained to read texts
 */
public record TextProcessing(
    Optional<Tokenizer> tokenizer,
    List<Integer> endOfText,
    List<String> labels,
    ProblemType problem,
    TextReading reading) {

  public static final TextProcessing NONE =
      new TextProcessing(Optional.empty(), Optional.empty(), List.of(), TextReading.PLAIN);

  /** Of a language model, or a classifier that was trained here: each text has one class. */
  public TextProcessing(
      Optional<Tokenizer> tokenizer,
      Optional<Integer> endOfText,
      List<String> labels,
      TextReading reading) {
    this(
        tokenizer,
        endOfText.map(List::of).orElse(List.of()),
        labels,
        ProblemType.SINGLE_LABEL_CLASSIFICATION,
        reading);
  }
}
