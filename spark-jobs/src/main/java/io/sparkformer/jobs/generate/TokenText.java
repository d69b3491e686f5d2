package io.sparkformer.jobs.generate;

import io.sparkformer.datasets.tokenizer.DecodeStream;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

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
   * The text of ids.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if the tokenizer does not know one
   */
  String of(int[] ids) {
    return tokenizer
        .map(t -> t.decode(ids))
        .orElseGet(
            () -> Arrays.stream(ids).mapToObj(Integer::toString).collect(Collectors.joining(",")));
  }

  /** A prompt with its continuation. */
  String whole(int[] prompt, List<Integer> continuation) {
    return of(
        IntStream.concat(Arrays.stream(prompt), continuation.stream().mapToInt(Integer::intValue))
            .toArray());
  }

  /** The text of ids that come one by one, after a prompt; for one thread. */
  DecodeStream stream() {
    return tokenizer.map(Tokenizer::decodeStream).orElseGet(Ids::new);
  }

  /** Ids as they are, joined by commas. */
  private static final class Ids implements DecodeStream {
    private boolean begun;

    @Override
    public String next(int... ids) {
      StringBuilder text = new StringBuilder();
      for (int id : ids) {
        text.append(begun ? "," : "").append(id);
        begun = true;
      }
      return text.toString();
    }

    @Override
    public String rest() {
      return "";
    }
  }
}
