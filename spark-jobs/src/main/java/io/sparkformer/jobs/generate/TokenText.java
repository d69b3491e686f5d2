package io.sparkformer.jobs.generate;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Token ids as text for people: the tokenizer's, or without one the ids joined by commas. */
final class TokenText {

  private static final char UNFINISHED = '\ufffd';

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

  /** The text of ids that come one by one; for one thread. */
  Stream stream(int[] prompt) {
    return new Stream(prompt);
  }

  /**
   * What each further id adds to the text. A token may be a part of a character, or decide how the
   * one before it is written, so that what it adds is only known from the whole.
   */
  final class Stream {
    private int[] ids;
    private int shown;

    private Stream(int[] prompt) {
      this.ids = prompt.clone();
    }

    /** The prompt's text. */
    String start() {
      return added();
    }

    /** What an id adds; empty while a character is not complete. */
    String next(int id) {
      ids = Arrays.copyOf(ids, ids.length + 1);
      ids[ids.length - 1] = id;
      return added();
    }

    /** What was held back. */
    String rest() {
      String text = of(ids);
      return text.substring(Math.min(shown, text.length()));
    }

    private String added() {
      String text = of(ids);
      int end = text.length();
      while (end > shown && text.charAt(end - 1) == UNFINISHED) {
        end--;
      }
      String more = text.substring(Math.min(shown, end), end);
      shown = Math.max(shown, end);
      return more;
    }
  }
}
