package io.sparkformer.datasets.tokenizer.training;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.Texts;
import io.sparkformer.datasets.tokenizer.TokenizerFixture;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class PretokenCounterTest {

  @Test
  void piecesCutAnywhereCountAsTheWholeDocuments() {
    for (Pretokenizer pretokenizer : Pretokenizer.values()) {
      for (int seed = 0; seed < 40; seed++) {
        Random random = new Random(seed);
        PretokenCounter counter = new PretokenCounter(pretokenizer);
        PretokenCounts expected = new PretokenCounts();
        for (int document = 0; document < 5; document++) {
          byte[] text = text(random);
          expected.addText(pretokenizer, text, 0, text.length);
          append(counter, text, random);
          counter.endDocument();
        }

        assertThat(map(counter.counts())).as("%s %s", pretokenizer, seed).isEqualTo(map(expected));
      }
    }
  }

  @Test
  void textWithoutAPlaceToCutItIsRefusedWhenItIsTooMuch() {
    PretokenCounter counter = new PretokenCounter(Pretokenizer.GPT2);
    byte[] letters = "a".repeat(1 << 20).getBytes(StandardCharsets.US_ASCII);

    assertThatThrownBy(
            () -> {
              for (int i = 0; i < 65; i++) {
                counter.append(letters, 0, letters.length);
              }
            })
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("68,157,440 bytes of a text have no place where they could be cut,")
        .hasMessageEndingWith("put line feeds into it, or leave the document out");
  }

  @Test
  void bytesAndTokensAreThoseOfTheTextThatWasCounted() throws Exception {
    String text = "lower newest widest lower...\n\n  low";
    PretokenCounts counts = TokenizerFixture.gpt2Pretokens(text);
    BpeTokenizer toy = BpeTokenizer.of(TokenizerFixture.toy());

    assertThat(counts.bytes()).isEqualTo(text.length());
    assertThat(counts.tokens(toy)).isEqualTo(toy.encode(text).length);
  }

  @Test
  void frequentOnesAreKept() {
    PretokenCounts counts = TokenizerFixture.lowLowerNewestWidest();
    counts.add(new byte[300], 0, 300, 7);

    PretokenCounts frequent = counts.atLeast(3);

    assertThat(map(frequent)).isEqualTo(Map.of("low", 5L, "newest", 6L, "widest", 3L));
    assertThat(frequent.ignored()).isEqualTo(7);
    // Counts of 2 and 3 have two bits, those of 5 and 6 three.
    assertThat(counts.sizesByBits()).startsWith(0, 0, 2, 2, 0);
  }

  /** Texts in which some places are safe to cut at, and some only seem so. */
  private static byte[] text(Random random) {
    StringBuilder text = new StringBuilder();
    while (text.length() < 3000) {
      text.append(random.nextInt(3) == 0 ? "word and\nword " : Texts.random(random, 5));
    }
    return text.toString().getBytes(StandardCharsets.UTF_8);
  }

  private static void append(PretokenCounter counter, byte[] text, Random random) {
    int from = 0;
    while (from < text.length) {
      int to = Math.min(text.length, from + 1 + random.nextInt(random.nextBoolean() ? 4 : 600));
      counter.append(text, from, to);
      from = to;
    }
  }

  private static Map<String, Long> map(PretokenCounts counts) {
    Map<String, Long> map = new HashMap<>();
    for (int i = 0; i < counts.size(); i++) {
      map.put(new String(counts.pretoken(i), StandardCharsets.UTF_8), counts.count(i));
    }
    return map;
  }
}
