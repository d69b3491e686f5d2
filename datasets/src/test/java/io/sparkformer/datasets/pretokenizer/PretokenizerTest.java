package io.sparkformer.datasets.pretokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparkformer.datasets.tokenizer.Libraries;
import io.sparkformer.datasets.tokenizer.Texts;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class PretokenizerTest {

  @ParameterizedTest
  @EnumSource
  void piecesAreThoseOfTheHuggingFaceLibraryOnAnyText(Pretokenizer pretokenizer) throws Exception {
    try (HuggingFaceTokenizer library = Libraries.splitting(Libraries.PATTERNS.get(pretokenizer))) {
      Random random = new Random(7);
      for (int round = 0; round < 3000; round++) {
        String text = Texts.random(random, 1 + random.nextInt(round < 2000 ? 12 : 400));
        assertThat(lengths(pretokenizer, text))
            .as(text)
            .isEqualTo(Libraries.lengths(library, text));
      }
    }
  }

  @Test
  void gpt2CutsContractionsOfLowerCaseOnly() {
    assertThat(pieces(Pretokenizer.GPT2, "I'll say it's DON'T, 'S"))
        .containsExactly("I", "'ll", " say", " it", "'s", " DON", "'", "T", ",", " '", "S");
  }

  @Test
  void cl100kCutsNumbersAndLinesAndContractionsOfBothCases() {
    assertThat(pieces(Pretokenizer.CL100K, "DON'T\t\tgo 12345;\n\n  x  \n y'ſ"))
        .containsExactly(
            "DON", "'T", "\t", "\tgo", " ", "123", "45", ";\n\n", " ", " x", "  \n", " y", "'ſ");
  }

  @Test
  void qwen2CutsEveryDigit() {
    assertThat(pieces(Pretokenizer.QWEN2, "a12 3")).containsExactly("a", "1", "2", " ", "3");
  }

  @Test
  void o200kCutsWordsWhereTheirCaseChanges() {
    assertThat(pieces(Pretokenizer.O200K, "HelloWORLDhttpServer's ABCあD \u0301aBC //\n/x"))
        .containsExactly(
            "Hello", "WORLDhttp", "Server's", " ABCあ", "D", " \u0301a", "BC", " //\n/", "x");
  }

  @Test
  void o200kLetsAMarkBeAWordByItselfBeforeCapitals() {
    assertThat(pieces(Pretokenizer.O200K, "\u0301ABC")).containsExactly("\u0301", "ABC");
  }

  @ParameterizedTest
  @EnumSource
  void anyBytesAreCutIntoPiecesThatAreNotEmpty(Pretokenizer pretokenizer) {
    Random random = new Random(3);
    for (int round = 0; round < 200; round++) {
      byte[] bytes = new byte[1 + random.nextInt(300)];
      random.nextBytes(bytes);
      int at = 0;
      while (at < bytes.length) {
        int end = pretokenizer.end(bytes, at, bytes.length);
        assertThat(end).isGreaterThan(at).isLessThanOrEqualTo(bytes.length);
        at = end;
      }
    }
  }

  private static List<String> pieces(Pretokenizer pretokenizer, String text) {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    List<String> pieces = new ArrayList<>();
    int at = 0;
    while (at < utf8.length) {
      int end = pretokenizer.end(utf8, at, utf8.length);
      pieces.add(new String(utf8, at, end - at, StandardCharsets.UTF_8));
      at = end;
    }
    return pieces;
  }

  private static List<Integer> lengths(Pretokenizer pretokenizer, String text) {
    return pieces(pretokenizer, text).stream()
        .map(piece -> piece.codePointCount(0, piece.length()))
        .toList();
  }
}
