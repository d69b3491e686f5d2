package io.sparkformer.predict;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.TextReading;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** a to z are 0 to 25. */
class ModelTextReaderTest {

  private static final Tokenizer LETTERS =
      CharTokenizer.of("abcdefghijklmnopqrstuvwxyz".codePoints().toArray());
  private static final int X = 23;
  private static final int Y = 24;
  private static final int Z = 25;

  @Test
  void tokensAroundATextStayWhereverItIsCut() {
    assertThat(read(Truncation.RIGHT, "ab")).containsExactly(X, 0, 1, Y, Z);
    assertThat(read(Truncation.RIGHT, "abcdef")).containsExactly(X, 0, 1, 2, Y, Z);
    assertThat(read(Truncation.LEFT, "abcdef")).containsExactly(X, 3, 4, 5, Y, Z);
    assertThat(read(Truncation.RIGHT, "")).containsExactly(X, Y, Z);
  }

  @Test
  void modelsOfEarlierBuildsLoseTheTokensBehindATextFirst() {
    assertThat(read(Truncation.WHOLE_RIGHT, "ab")).containsExactly(X, 0, 1, Y, Z);
    assertThat(read(Truncation.WHOLE_RIGHT, "abcd")).containsExactly(X, 0, 1, 2, 3, Y);
    assertThat(read(Truncation.WHOLE_RIGHT, "abcdefgh")).containsExactly(X, 0, 1, 2, 3, 4);
  }

  @Test
  void theTokenizersOwnLimitCountsIfItIsTheSmaller() {
    TextReading reading =
        new TextReading(List.of(), List.of(Z), Truncation.RIGHT, Optional.of(3), Optional.empty());
    assertThat(new ModelTextReader(LETTERS, reading, 26, 10).read("abcdef"))
        .containsExactly(0, 1, Z);
    assertThat(new ModelTextReader(LETTERS, reading, 26, 2).read("abcdef")).containsExactly(0, Z);
  }

  @Test
  void paddingAtTheEndIsPassedOverAndOfPaddingAloneTheFirstIsRead() {
    TextReading reading =
        new TextReading(List.of(), List.of(), Truncation.RIGHT, Optional.empty(), Optional.of(Z));
    ModelTextReader reader = new ModelTextReader(LETTERS, reading, 26, 10);
    assertThat(reader.read("azbzz")).containsExactly(0, Z, 1);
    assertThat(reader.read("zzz")).containsExactly(Z);
  }

  @Test
  void whatTheModelDoesNotKnowIsRefused() {
    ModelTextReader reader = new ModelTextReader(LETTERS, TextReading.PLAIN, 20, 10);
    assertThat(reader.read("abc")).hasSize(3);
    assertThatThrownBy(() -> reader.read("abz"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith(
            "token 25 at position 2 of the text is the tokenizer's, but the model");
    assertThat(reader.read("abc")).hasSize(3);
  }

  @Test
  void moreTokensAroundATextThanAnInputHasAreRefused() {
    TextReading reading =
        TextReading.appending(Optional.of(Z), Truncation.RIGHT).cutting(Truncation.LEFT);
    assertThat(new ModelTextReader(LETTERS, reading, 26, 1).read("a")).containsExactly(Z);
    assertThatThrownBy(() -> new ModelTextReader(LETTERS, around(Truncation.RIGHT), 26, 2))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "the tokenizer puts 3 tokens around every text, but an input has 2 at most: correct the tokenizer's files");
  }

  private static TextReading around(Truncation truncation) {
    return new TextReading(
        List.of(X), List.of(Y, Z), truncation, Optional.empty(), Optional.empty());
  }

  private static int[] read(Truncation truncation, String text) {
    return new ModelTextReader(LETTERS, around(truncation), 26, 6).read(text);
  }
}
