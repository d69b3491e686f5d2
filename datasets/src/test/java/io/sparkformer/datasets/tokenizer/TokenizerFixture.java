package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparkformer.datasets.tokenizer.training.BpeTrainer;
import io.sparkformer.datasets.tokenizer.training.PretokenCounts;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Texts to tokenize, and the library to compare with. */
public final class TokenizerFixture {

  private static final Pattern GPT2 =
      Pattern.compile(
          "'s|'t|'re|'ve|'m|'ll|'d| ?\\p{L}+| ?\\p{N}+| ?[^\\s\\p{L}\\p{N}]+|\\s+(?!\\S)|\\s+",
          Pattern.UNICODE_CHARACTER_CLASS);
  private static final int LAST_OF_MANY_SCRIPTS = 0x2FFFF;

  private TokenizerFixture() {}

  /** The library with a tokenizer.json; nothing is added to texts, nothing cut off. */
  public static HuggingFaceTokenizer library(byte[] json) throws IOException {
    return HuggingFaceTokenizer.newInstance(
        new ByteArrayInputStream(json),
        Map.of("addSpecialTokens", "false", "truncation", "false", "padding", "false"));
  }

  /** Compares all parts; quickly, as there are hundreds of thousands. */
  public static void assertSame(BpeModel actual, BpeModel expected) {
    assertThat(Arrays.deepEquals(actual.tokens(), expected.tokens())).as("tokens").isTrue();
    assertThat(Arrays.equals(actual.merges().left(), expected.merges().left())).isTrue();
    assertThat(Arrays.equals(actual.merges().right(), expected.merges().right())).isTrue();
    assertThat(Arrays.equals(actual.merges().merged(), expected.merges().merged())).isTrue();
    assertThat(actual.addedTokens()).isEqualTo(expected.addedTokens());
    assertThat(actual.pretokenizer()).isEqualTo(expected.pretokenizer());
    assertThat(actual.pieces()).isEqualTo(expected.pieces());
    assertThat(actual.prefixSpace()).isEqualTo(expected.prefixSpace());
  }

  public static int[] ids(HuggingFaceTokenizer library, String text) {
    return Arrays.stream(library.encode(text, false, false).getIds())
        .mapToInt(Math::toIntExact)
        .toArray();
  }

  /** GPT-2's pre-tokens and how often each occurs, cut by its own regular expression. */
  public static PretokenCounts gpt2Pretokens(String text) {
    PretokenCounts counts = new PretokenCounts();
    Matcher pieces = GPT2.matcher(text);
    while (pieces.find()) {
      byte[] piece = pieces.group().getBytes(StandardCharsets.UTF_8);
      counts.add(piece, 0, piece.length, 1);
    }
    return counts;
  }

  /** The distinct words of letters in a text, in its order. */
  public static Stream<String> words(String text) {
    return Pattern.compile("[a-zA-Z]+").matcher(text).results().map(MatchResult::group).distinct();
  }

  /** The words of Sennrich et al. 2016, with their counts there. */
  public static PretokenCounts lowLowerNewestWidest() {
    PretokenCounts counts = new PretokenCounts();
    add(counts, "low", 5);
    add(counts, "lower", 2);
    add(counts, "newest", 6);
    add(counts, "widest", 3);
    return counts;
  }

  public static void add(PretokenCounts counts, String word, long count) {
    byte[] utf8 = word.getBytes(StandardCharsets.UTF_8);
    counts.add(utf8, 0, utf8.length, count);
  }

  /** A small model; its 12 merges and one special token have the ids from 256 on. */
  public static BpeModel toy() {
    return BpeTrainer.train(
        lowLowerNewestWidest(), BpeTrainer.Settings.ofSize(256 + 12 + 1), learned -> {});
  }

  /** Characters that this platform's Unicode version knows, of all kinds and often ASCII. */
  static String randomText(Random random, int length) {
    StringBuilder text = new StringBuilder();
    while (text.codePointCount(0, text.length()) < length) {
      int codePoint =
          switch (random.nextInt(4)) {
            case 0 -> random.nextInt(0x80);
            case 1 -> " \n\r\t'stSTlLvE019".codePointAt(random.nextInt(16));
            case 2 -> random.nextInt(0x3000);
            default -> random.nextInt(LAST_OF_MANY_SCRIPTS);
          };
      if (Character.isDefined(codePoint) && CharTokenizer.isScalarValue(codePoint)) {
        text.appendCodePoint(codePoint);
      }
    }
    return text.toString();
  }
}
