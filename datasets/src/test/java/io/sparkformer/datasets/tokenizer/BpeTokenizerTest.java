package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.pretokenizer.CharacterClasses;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class BpeTokenizerTest {

  /** A line of jtokkit's vectors: a quoted text or one without commas, a list of ids. */
  private static final Pattern VECTOR =
      Pattern.compile("\\G(\"(?:[^\"]|\"\")*\"|[^,\n]*),\"?\\[([^\\]]*)\\]\"?,[^\n]*\n");

  /** The library's binding takes minutes for ten megabytes at once. */
  private static final int CHUNK = 3_000;

  @Test
  void gpt2GivesTheIdsThatTiktokenGives() throws Exception {
    BpeTokenizer gpt2 = BpeTokenizer.of(BpeModels.gpt2());
    String csv = Texts.shared("gpt2_tokenizer/vectors_jtokkit_r50k_base_encodings.csv");
    Matcher rows = VECTOR.matcher(csv.substring(csv.indexOf('\n') + 1));
    int count = 0;
    while (rows.find()) {
      String text = rows.group(1);
      if (text.startsWith("\"")) {
        text = text.substring(1, text.length() - 1).replace("\"\"", "\"");
      }
      int[] ids =
          Arrays.stream(rows.group(2).split(",", -1))
              .map(String::strip)
              .filter(id -> !id.isEmpty())
              .mapToInt(Integer::parseInt)
              .toArray();
      assertThat(gpt2.encode(text)).as(text).isEqualTo(ids);
      assertThat(gpt2.decode(ids)).isEqualTo(text);
      count++;
    }
    assertThat(count).isEqualTo(423);
  }

  @Test
  void gpt2GivesTheIdsOfTheHuggingFaceLibrary() throws Exception {
    BpeTokenizer gpt2 = BpeTokenizer.of(BpeModels.gpt2());
    try (HuggingFaceTokenizer library = Libraries.gpt2()) {
      assertSameIds(gpt2, library, Texts.shared("corpus/emoji-test.txt"));
      JsonNode naughty = new ObjectMapper().readTree(Texts.shared("corpus/blns.json"));
      for (JsonNode text : naughty) {
        assertSameIds(gpt2, library, text.asText());
      }
      assertSameIds(gpt2, library, Texts.dickens());
      Random random = new Random(11);
      for (int round = 0; round < 1500; round++) {
        assertSameIds(gpt2, library, Texts.random(random, 1 + random.nextInt(200)));
      }
    }
  }

  @Test
  void gpt2GivesTheIdsOfTheHuggingFaceLibraryForEveryAssignedCodePoint() throws Exception {
    BpeTokenizer gpt2 = BpeTokenizer.of(BpeModels.gpt2());
    StringBuilder text = new StringBuilder();
    for (int codePoint = 0; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
      // Characters that are the thousands of one kind, such as the Chinese, and unassigned ones are
      // sampled.
      boolean isOneOfMany =
          CharacterClasses.of(codePoint) == CharacterClasses.of('\u4e00')
              || Character.getType(codePoint) == Character.UNASSIGNED
              || Character.getType(codePoint) == Character.PRIVATE_USE;
      if (CharTokenizer.isScalarValue(codePoint) && (!isOneOfMany || codePoint % 61 == 0)) {
        // Its class shows in which of its neighbours it goes with.
        text.append('a').appendCodePoint(codePoint).append('1').appendCodePoint(codePoint);
        text.append(' ');
      }
    }
    try (HuggingFaceTokenizer library = Libraries.gpt2()) {
      assertSameIds(gpt2, library, text.toString());
    }
  }

  @Test
  void nanoGptsTokenCountsOfTinyShakespeareAreReproduced() {
    BpeTokenizer gpt2 = BpeTokenizer.of(BpeModels.gpt2());
    String text = Texts.shared("tinyshakespeare/input.txt");
    int border = (int) (text.length() * 0.9);

    assertThat(gpt2.encode(text.substring(0, border))).hasSize(301_966);
    assertThat(gpt2.encode(text.substring(border))).hasSize(36_059);
  }

  @ParameterizedTest
  @EnumSource(
      value = EncodingType.class,
      names = {"R50K_BASE", "CL100K_BASE", "O200K_BASE"})
  void openAiVocabulariesGiveTheIdsOfJtokkit(EncodingType type) {
    BpeTokenizer ours = BpeTokenizer.of(modelOf(type));
    Encoding theirs = Encodings.newLazyEncodingRegistry().getEncoding(type);
    for (String text :
        new String[] {
          Texts.dickens().substring(0, 3_000_000),
          Texts.shared("corpus/emoji-test.txt"),
          Texts.shared("corpus/blns.json"),
          Texts.shared("tinyshakespeare/input.txt")
        }) {
      int[] ids = ours.encode(text);
      assertThat(ids).isEqualTo(theirs.encodeOrdinary(text).toArray());
      assertThat(ours.decode(ids)).isEqualTo(text);
    }
  }

  @Test
  void megatronsTokensAreDecodedAndEncodedToTheSameIds() throws Exception {
    BpeTokenizer tiny = BpeTokenizer.of(BpeModels.gpt2Tiny());
    byte[] file =
        Files.readAllBytes(SharedData.file("megatron/meg-gpt2-openwebtext_text_document.bin"));
    int[] ids = new int[file.length / 2];
    for (int i = 0; i < ids.length; i++) {
      ids[i] = (file[2 * i] & 0xFF) | (file[2 * i + 1] & 0xFF) << 8;
    }

    assertThat(tiny.vocabSize()).isEqualTo(5000);
    assertThat(tiny.encode(tiny.decode(ids))).isEqualTo(ids);
  }

  @Test
  void anyBytesAreDecodedToThemselves() throws Exception {
    for (BpeModel model : new BpeModel[] {BpeModels.gpt2(), BpeModels.o200k()}) {
      BpeTokenizer tokenizer = BpeTokenizer.of(model);
      Encoder encoder = tokenizer.encoder();
      Random random = new Random(5);
      for (int round = 0; round < 300; round++) {
        byte[] bytes = new byte[random.nextInt(2000)];
        random.nextBytes(bytes);
        Tokenizer.TokenList ids = new Tokenizer.TokenList();
        encoder.append(bytes, 0, bytes.length, ids);
        encoder.endDocument(ids);
        assertThat(tokenizer.decodeBytes(ids.toArray())).isEqualTo(bytes);
      }
    }
  }

  @Test
  void addedTokensAreFoundBeforeTheTextIsCut() throws Exception {
    BpeTokenizer gpt2 = BpeTokenizer.of(BpeModels.gpt2());

    assertThat(gpt2.endOfText()).hasValue(50256);
    assertThat(gpt2.encode("a<|endoftext|>b <|endoftext|><|endoftext")).startsWith(64, 50256, 65);
    try (HuggingFaceTokenizer library = Libraries.gpt2()) {
      for (String text :
          new String[] {
            "<|endoftext|>",
            "a <|endoftext|> b",
            "  <|endoftext|>\n\n <|endoftext|>",
            "<|<|endoftext|>|>"
          }) {
        assertSameIds(gpt2, library, text);
      }
    }
  }

  @Test
  void theLongestAddedTokenOfTheFirstOnesIsFound() {
    BpeModel plain = BpeModels.ofMerges(Pretokenizer.GPT2);
    BpeTokenizer tokenizer =
        BpeTokenizer.of(
            BpeModels.withAddedTokens(
                plain, new TreeMap<>(Map.of("<a>", 300, "<a>b", 301, "ab", 302, "b", 303))));

    assertThat(tokenizer.encode("<a>b<a><aab")).containsExactly(301, 300, '<', 'a', 302);
    assertThat(tokenizer.vocabSize()).isEqualTo(304);
    assertThat(tokenizer.decode(new int[] {301, 'x'})).isEqualTo("<a>bx");
    assertThat(tokenizer.endOfText()).isEmpty();
  }

  @Test
  void aSpaceIsPutBeforeTextsAsTheHuggingFaceLibraryDoes() throws Exception {
    BpeTokenizer tokenizer = BpeTokenizer.of(BpeModels.withPrefixSpace(BpeModels.gpt2()));
    String json =
        new String(Libraries.gpt2Json(), StandardCharsets.UTF_8)
            .replaceFirst("\"add_prefix_space\": *false", "\"add_prefix_space\": true");
    try (HuggingFaceTokenizer library = Libraries.read(json.getBytes(StandardCharsets.UTF_8))) {
      for (String text :
          new String[] {
            "hello world",
            " hello",
            "\nhello",
            "",
            "a<|endoftext|>b<|endoftext|> c<|endoftext|>",
            "\u3000x",
            "'s"
          }) {
        assertSameIds(tokenizer, library, text);
      }
    }
    assertThat(tokenizer.canCut()).isFalse();
  }

  @Test
  void idsThatAreNotInTheVocabularyAreNamed() {
    BpeTokenizer tokenizer =
        BpeTokenizer.of(
            BpeModels.withAddedTokens(
                BpeModels.ofMerges(Pretokenizer.GPT2), new TreeMap<>(Map.of("<a>", 258))));

    assertThatThrownBy(() -> tokenizer.decode(new int[] {65, 259}))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "token 259 at position 1 is not in the tokenizer's vocabulary: use ids from 0 to 258");
    assertThatThrownBy(() -> tokenizer.decode(new int[] {257}))
        .hasMessageStartingWith("token 257 at position 0 is not in");
    assertThatThrownBy(() -> tokenizer.decode(new int[] {-1}))
        .hasMessageStartingWith("token -1 at position 0 is not in");
  }

  @Test
  void fingerprintsDifferWithEverythingThatDecidesIds() {
    BpeModel model = BpeModels.ofMerges(Pretokenizer.GPT2, "a|b", "b|c");
    assertThat(
            new String[] {
              fingerprint(model),
              fingerprint(BpeModels.ofMerges(Pretokenizer.GPT2, "b|c", "a|b")),
              fingerprint(BpeModels.ofMerges(Pretokenizer.CL100K, "a|b", "b|c")),
              fingerprint(BpeModels.withPrefixSpace(model)),
              fingerprint(BpeModels.withAddedTokens(model, new TreeMap<>(Map.of("<a>", 300)))),
              fingerprint(BpeModels.withAddedTokens(model, new TreeMap<>(Map.of("<a>", 301)))),
              fingerprint(
                  new BpeModel(
                      model.pretokenizer(),
                      model.tokens(),
                      model.merges(),
                      model.addedTokens(),
                      BpeModel.WholePieces.LOOKED_UP,
                      model.prefixSpace()))
            })
        .doesNotHaveDuplicates();
    assertThat(fingerprint(model))
        .isEqualTo(fingerprint(BpeModels.ofMerges(Pretokenizer.GPT2, "a|b", "b|c")))
        .hasSize(64);
  }

  @Test
  void wholePiecesThatMergesDoNotLeadToAreLookedUpWhereTheModelSaysSo() {
    // abc: merging begins with bc, and a and bc do not merge.
    BpeModel merged = BpeModels.ofMerges(Pretokenizer.GPT2, "b|c", "a|b", "ab|c");
    BpeModel lookedUp =
        new BpeModel(
            merged.pretokenizer(),
            merged.tokens(),
            merged.merges(),
            merged.addedTokens(),
            BpeModel.WholePieces.LOOKED_UP,
            merged.prefixSpace());

    assertThat(BpeTokenizer.of(merged).encode("abc")).containsExactly('a', 256);
    assertThat(BpeTokenizer.of(lookedUp).encode("abc")).containsExactly(258);
    assertThat(BpeTokenizer.of(lookedUp).encode("abc abcd"))
        .containsExactly(258, ' ', 'a', 256, 'd');
  }

  @Test
  void vocabulariesThatAreNotByteLevelAreRefused() {
    BpeModel model = BpeModels.ofMerges(Pretokenizer.GPT2, "a|b");
    model.tokens()[0x41] = new byte[0];
    assertThatThrownBy(() -> BpeTokenizer.of(model))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "the vocabulary has no token for the byte 0x41: byte-level ones have one for every byte");
    BpeModel other = BpeModels.ofMerges(Pretokenizer.GPT2, "a|b");
    other.merges().right()[0] = 257;
    assertThatThrownBy(() -> BpeTokenizer.of(other))
        .hasMessage("merge 0 makes 256 of 97 and 257: the vocabulary has ids from 0 to 256");
    assertThatThrownBy(
            () ->
                BpeTokenizer.of(
                    BpeModels.withAddedTokens(
                        BpeModels.ofMerges(Pretokenizer.GPT2),
                        new TreeMap<>(Map.of("<a>", 1 << 20)))))
        .hasMessage("the vocabulary has ids up to 1048576: ids from 0 to 1048575 are supported");
  }

  private static String fingerprint(BpeModel model) {
    return BpeTokenizer.of(model).fingerprint();
  }

  private static BpeModel modelOf(EncodingType type) {
    return switch (type) {
      case CL100K_BASE -> BpeModels.cl100k();
      case O200K_BASE -> BpeModels.o200k();
      default -> BpeModels.gpt2();
    };
  }

  private static void assertSameIds(BpeTokenizer ours, HuggingFaceTokenizer library, String text) {
    int begin = 0;
    do {
      int end = Math.min(text.length(), begin + CHUNK);
      if (end < text.length() && Character.isLowSurrogate(text.charAt(end))) {
        end++;
      }
      String chunk = text.substring(begin, end);
      assertThat(ours.encode(chunk)).as(chunk).isEqualTo(Libraries.encode(library, chunk));
      begin = end;
    } while (begin < text.length());
  }
}
