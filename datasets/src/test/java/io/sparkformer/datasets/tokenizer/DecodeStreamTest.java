package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Tokens decoded as they come. */
final class DecodeStreamTest {

  /** As Llama's: a space is a mark, and bytes without a token of their own are tokens. */
  private static final String BYTE_FALLBACK =
      """
      {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [],
       "normalizer": {"type": "Sequence", "normalizers": [{"type": "Prepend", "prepend": "\u2581"},
         {"type": "Replace", "pattern": {"String": " "}, "content": "\u2581"}]},
       "pre_tokenizer": null, "post_processor": null,
       "decoder": {"type": "Sequence", "decoders": [
         {"type": "Replace", "pattern": {"String": "\u2581"}, "content": " "},
         {"type": "ByteFallback"}, {"type": "Fuse"}, {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
       "model": {"type": "BPE", "dropout": null, "unk_token": "<unk>", "continuing_subword_prefix": null,
         "end_of_word_suffix": null, "fuse_unk": true, "byte_fallback": true,
         "vocab": {"<unk>": 0, "<0xE2>": 1, "<0x82>": 2, "<0xAC>": 3, "\u2581": 4, "a": 5, "\u2581a": 6, "b": 7},
         "merges": ["\u2581 a"]}}
      """;

  @Test
  void whatStreamsIsTheTextOfAllTokensWhateverTheirBytes() {
    Tokenizer gpt2 = BpeTokenizer.of(BuiltIn.GPT2.model());
    Random random = new Random(5);
    for (int round = 0; round < 50; round++) {
      // Of the first 256 ids, which are single bytes, most sequences are not UTF-8.
      int ids = round % 2 == 0 ? 256 : gpt2.vocabSize();
      assertStreams(gpt2, random.ints(300, 0, ids).toArray(), random);
    }
  }

  @Test
  void aCharacterIsShownWhenItsLastByteHasCome() {
    Tokenizer gpt2 = BpeTokenizer.of(BuiltIn.GPT2.model());
    int[] ids = gpt2.encode("a\ud83d\ude00\u20ac");
    DecodeStream stream = gpt2.decodeStream();
    StringBuilder shown = new StringBuilder();
    for (int id : ids) {
      String more = stream.next(id);
      assertThat(more).doesNotContain("\ufffd");
      shown.append(more);
    }

    assertThat(ids.length).isGreaterThan(3);
    assertThat(shown.toString()).isEqualTo("a\ud83d\ude00\u20ac");
    assertThat(stream.rest()).isEmpty();
  }

  @Test
  void whatNeverBecomesACharacterComesAtTheEnd() {
    Tokenizer gpt2 = BpeTokenizer.of(BuiltIn.GPT2.model());
    int[] face = gpt2.encode("\ud83d\ude00");
    DecodeStream stream = gpt2.decodeStream();

    assertThat(stream.next(Arrays.copyOf(face, face.length - 1))).isEmpty();
    assertThat(stream.rest()).isEqualTo("\ufffd");
  }

  @Test
  void charactersStreamOneByOne() {
    Tokenizer characters = CharTokenizer.of("ab\u20ac\ud83d\ude00".codePoints().toArray());
    Random random = new Random(6);

    assertStreams(characters, random.ints(200, 0, characters.vocabSize()).toArray(), random);
  }

  @Test
  void tokensOfOtherKindsAreWrittenAsTheirNeighboursHaveThem() {
    Random random = new Random(7);
    Tokenizer words = read(LibraryTokenizerTest.WORD_PIECE);
    assertStreams(words, words.encode("low lower newest lowest new low"), random);
    Tokenizer unigrams = read(LibraryTokenizerTest.UNIGRAM);
    assertStreams(unigrams, unigrams.encode("lower low lower fi low"), random);
    Tokenizer fallback = read(BYTE_FALLBACK);
    assertThat(fallback).isInstanceOf(LibraryTokenizer.class);
    assertThat(fallback.encode("a \u20ac")).containsExactly(6, 4, 1, 2, 3);
    assertStreams(fallback, fallback.encode("a a\u20acb \u20ac\u20ac a b"), random);
    assertStreams(fallback, new int[] {6, 1, 2, 6, 3, 5, 1, 2, 3, 4, 1}, random);
  }

  @Test
  void anUnknownTokenIsNamed() {
    DecodeStream stream = CharTokenizer.of(new int[] {'a', 'b'}).decodeStream();

    assertThatThrownBy(() -> stream.next(0, 2))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "token 2 at position 1 is not in the tokenizer's vocabulary: use ids from 0 to 1");
  }

  /** A few tokens at a time, as a prompt is, or one. */
  private static void assertStreams(Tokenizer tokenizer, int[] ids, Random random) {
    DecodeStream stream = tokenizer.decodeStream();
    StringBuilder text = new StringBuilder();
    for (int from = 0; from < ids.length; ) {
      int to = Math.min(ids.length, from + 1 + random.nextInt(3));
      text.append(stream.next(Arrays.copyOfRange(ids, from, to)));
      from = to;
    }
    text.append(stream.rest());
    assertThat(text.toString()).isEqualTo(tokenizer.decode(ids));
  }

  private static Tokenizer read(String json) {
    return Tokenizers.ofJson(json.getBytes(StandardCharsets.UTF_8), "test");
  }
}
