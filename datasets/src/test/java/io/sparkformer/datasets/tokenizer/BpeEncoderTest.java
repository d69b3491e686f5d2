package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.pretokenizer.SafeCuts;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BpeEncoderTest {

  private static final String[] MERGES = {
    "a|b", "'|s", " |t", "\n|\n", "\n\n|\n\n", "s|l", " |a", " | ", "  |  ", "ab|ab"
  };

  @ParameterizedTest
  @EnumSource
  void howATextIsCutIntoPiecesMakesNoDifference(Pretokenizer pretokenizer) throws Exception {
    BpeModel plain = BpeModels.ofMerges(pretokenizer, MERGES);
    SortedMap<String, Integer> added = new TreeMap<>(Map.of("<a>", 400, "b \n", 401, "a b", 402));
    SortedMap<String, Integer> solid = new TreeMap<>(Map.of("<a>", 400, "ab", 401));
    for (BpeModel model :
        new BpeModel[] {
          plain,
          BpeModels.withAddedTokens(plain, solid),
          BpeModels.withAddedTokens(plain, added),
          BpeModels.withPrefixSpace(BpeModels.withAddedTokens(plain, added))
        }) {
      BpeTokenizer tokenizer = BpeTokenizer.of(model);
      Encoder encoder = tokenizer.encoder();
      Random random = new Random(1);
      for (int round = 0; round < 1500; round++) {
        byte[] text = text(random, round < 1400 ? 60 : 10_000);
        int[] whole = encode(encoder, text, text.length);
        int mostBytes = 1 + random.nextInt(random.nextBoolean() ? 3 : 6000);
        int[] inPieces = encode(encoder, text, new Random(round), mostBytes);
        assertThat(inPieces).as(new String(text, StandardCharsets.UTF_8)).isEqualTo(whole);
      }
    }
  }

  @ParameterizedTest
  @EnumSource
  void safeCutsMakeNoDifference(Pretokenizer pretokenizer) throws Exception {
    BpeTokenizer tokenizer = BpeTokenizer.of(BpeModels.ofMerges(pretokenizer, MERGES));
    assertThat(tokenizer.canCut()).isTrue();
    Random random = new Random(2);
    int cuts = 0;
    for (int round = 0; round < 10_000; round++) {
      byte[] text = text(random, 40);
      int[] whole = pieces(pretokenizer, text, 0, text.length);
      int from = random.nextInt(text.length);
      int to = from + random.nextInt(text.length - from + 1);
      for (int cut :
          new int[] {SafeCuts.first(text, from, from + 1, to), SafeCuts.last(text, from, to)}) {
        if (cut < 0) {
          continue;
        }
        cuts++;
        assertThat(cut).isGreaterThan(from).isLessThan(to);
        int[] before = pieces(pretokenizer, text, 0, cut);
        int[] behind = pieces(pretokenizer, text, cut, text.length);
        int[] both = Arrays.copyOf(before, before.length + behind.length);
        System.arraycopy(behind, 0, both, before.length, behind.length);
        assertThat(both).as(new String(text, StandardCharsets.UTF_8)).isEqualTo(whole);
      }
    }
    assertThat(cuts).isGreaterThan(500);
  }

  @Test
  void safeCutsAreWhiteSpaceBehindWordsAndSingleLineFeeds() {
    byte[] text = "it's two!\n3\n\n4 5!\r\n 6\n/7\r\n8。\n日日".getBytes(StandardCharsets.UTF_8);
    List<Integer> cuts = new ArrayList<>();
    for (int at = SafeCuts.first(text, 0, 1, text.length);
        at > 0;
        at = SafeCuts.first(text, 0, at + 1, text.length)) {
      cuts.add(at);
    }
    assertThat(cuts).containsExactly(4, 10, 11, 14, 21, 24, 31);
    assertThat(SafeCuts.last(text, 0, text.length)).isEqualTo(31);
    assertThat(SafeCuts.last(text, 0, text.length - 6)).isEqualTo(24);
    assertThat(SafeCuts.first(text, 24, 25, text.length - 6)).isEqualTo(-1);
  }

  @Test
  void aTextThatCannotBeCutIsRefusedOnceItIsTooLong() throws Exception {
    BpeTokenizer tokenizer = BpeTokenizer.of(BpeModels.ofMerges(Pretokenizer.GPT2));
    Encoder encoder = new BpeEncoder(tokenizer, 10_000);
    byte[] digits = "1".repeat(6_000).getBytes(StandardCharsets.US_ASCII);
    TokenSink nowhere = (tokens, count) -> {};

    encoder.append(digits, 0, digits.length, nowhere);
    encoder.endDocument(nowhere);
    encoder.append(digits, 0, digits.length, nowhere);
    assertThatThrownBy(() -> encoder.append(digits, 0, digits.length, nowhere))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "12,000 bytes of a text have no place where they could be cut, such as a space behind a"
                + " word or a single line feed, and 10,000 is the most that is held in memory: put line feeds into it, or leave the document out");
  }

  @Test
  void tokensComeInBlocksOfBoundedSize() throws Exception {
    BpeTokenizer tokenizer = BpeTokenizer.of(BpeModels.ofMerges(Pretokenizer.GPT2));
    byte[] text = ("1".repeat(50_000) + "! a?").repeat(3).getBytes(StandardCharsets.US_ASCII);
    Tokenizer.TokenList tokens = new Tokenizer.TokenList();
    Encoder encoder = tokenizer.encoder();
    TokenSink blocks =
        (ids, count) -> {
          assertThat(count).isBetween(1, 8200);
          tokens.accept(ids, count);
        };
    encoder.append(text, 0, text.length, blocks);
    encoder.endDocument(blocks);
    assertThat(tokenizer.decodeBytes(tokens.toArray())).isEqualTo(text);
  }

  /** Nasty characters, or letters, spaces and lines; some bytes of it are not UTF-8. */
  private static byte[] text(Random random, int length) {
    if (random.nextInt(3) == 0) {
      return Texts.random(random, 1 + random.nextInt(length)).getBytes(StandardCharsets.UTF_8);
    }
    byte[] alphabet = "ab \n\r\t'sl<>/.é\u00a0".getBytes(StandardCharsets.UTF_8);
    byte[] text = new byte[1 + random.nextInt(length)];
    for (int i = 0; i < text.length; i++) {
      text[i] = alphabet[random.nextInt(alphabet.length)];
    }
    return text;
  }

  private static int[] encode(Encoder encoder, byte[] text, int mostBytes) throws IOException {
    return encode(encoder, text, null, mostBytes);
  }

  private static int[] encode(Encoder encoder, byte[] text, Random lengths, int mostBytes)
      throws IOException {
    Tokenizer.TokenList tokens = new Tokenizer.TokenList();
    int at = 0;
    while (at < text.length) {
      int length = lengths == null ? mostBytes : lengths.nextInt(mostBytes + 1);
      int end = Math.min(text.length, at + length);
      encoder.append(text, at, end, tokens);
      at = end;
    }
    encoder.endDocument(tokens);
    return tokens.toArray();
  }

  /** Where the pieces of part of a text end. */
  private static int[] pieces(Pretokenizer pretokenizer, byte[] text, int from, int to) {
    int[] ends = new int[to - from];
    int count = 0;
    for (int at = from; at < to; at = ends[count++]) {
      ends[count] = pretokenizer.end(text, at, to);
    }
    return Arrays.copyOf(ends, count);
  }
}
