package io.sparkformer.jobs;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;

/** Token ids as text for people: the tokenizer's, or without one the ids joined by commas. */
final class TokenText {

  private final Optional<Tokenizer> tokenizer;

  private TokenText(Optional<Tokenizer> tokenizer) {
    this.tokenizer = tokenizer;
  }

  static TokenText of(Optional<Tokenizer> tokenizer) {
    return new TokenText(tokenizer);
  }

  /**
   * The text that ids begin.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the tokenizer does not know one
   */
  String start(int[] ids) {
    return tokenizer
        .map(t -> t.decode(ids))
        .orElseGet(
            () -> Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(",")));
  }

  /** What one more id adds. */
  String next(int id) {
    return tokenizer.map(t -> t.decode(new int[] {id})).orElseGet(() -> "," + id);
  }

  /** A prompt with its continuation. */
  String whole(int[] prompt, List<Integer> continuation) {
    return continuation.stream().map(this::next).collect(Collectors.joining("", start(prompt), ""));
  }
}
