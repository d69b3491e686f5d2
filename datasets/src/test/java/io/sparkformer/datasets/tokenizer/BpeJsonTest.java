package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import io.sparkformer.datasets.tokenizer.BpeModel.WholePieces;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Which tokenizer.json are byte-level BPEs to the id; HuggingFace's library is asked each time. */
final class BpeJsonTest {

  private static final String TEXT =
      "The lowest, newer ones:\r\n\n  it's 12345 wider\u0301 \u00e9lan <|endoftext|> I'LL\tlow ";
  private static final ObjectMapper JSON = new ObjectMapper();

  @ParameterizedTest
  @EnumSource(Pretokenizer.class)
  void everyPretokenizerIsWrittenAndReadAgain(Pretokenizer pretokenizer) throws Exception {
    BpeModel model = withPretokenizer(pretokenizer, PrefixSpace.NONE);

    TokenizerFixture.assertSame(BpeJson.read(JSON.readTree(BpeJson.write(model))), model);
    try (HuggingFaceTokenizer library = TokenizerFixture.library(BpeJson.write(model))) {
      assertThat(library.decode(library.encode(TEXT, false, false).getIds(), false))
          .isEqualTo(TEXT);
    }
  }

  @Test
  void spacesBeforeTextsAreGpt2sOnly() throws Exception {
    BpeModel prefixed = withPretokenizer(Pretokenizer.GPT2, PrefixSpace.ADDED);

    TokenizerFixture.assertSame(BpeJson.read(JSON.readTree(BpeJson.write(prefixed))), prefixed);
    assertThatThrownBy(
            () -> BpeJson.write(withPretokenizer(Pretokenizer.CL100K, PrefixSpace.ADDED)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("only GPT-2's pre-tokenizer puts spaces before texts, not CL100K");
  }

  @Test
  void otherSpellingsOfTheSameAreRead() throws Exception {
    assertIsToy(
        root ->
            root.putObject("truncation")
                .put("max_length", 1)
                .put("strategy", "LongestFirst")
                .put("stride", 0)
                .put("direction", "Right"));
    assertIsToy(root -> ((ObjectNode) root.path("model")).remove("type"));
    assertIsToy(root -> model(root).put("dropout", 0.0).put("end_of_word_suffix", ""));
    assertIsToy(root -> addedToken(root).put("normalized", true).put("special", false));
    assertIsToy(root -> root.set("post_processor", root.path("pre_tokenizer")));
    assertIsToy(
        root -> {
          ArrayNode pairs = JSON.createArrayNode();
          for (JsonNode merge : root.path("model").path("merges")) {
            String[] parts = merge.asText().split(" ", -1);
            pairs.addArray().add(parts[0]).add(parts[1]);
          }
          model(root).set("merges", pairs);
        });
  }

  @Test
  void addedTokensAreWrittenSpecialOrNotAsTheyWere() throws Exception {
    JsonNode root =
        altered(
            json -> {
              addToken(json, "<|user|>", 269);
              ((ObjectNode) json.path("added_tokens").path(1)).put("special", false);
            });

    BpeModel model = BpeJson.read(root);
    JsonNode written = JSON.readTree(BpeJson.write(model)).path("added_tokens");

    assertThat(model.ordinary()).containsExactly("<|user|>");
    assertThat(written).hasSize(2);
    for (JsonNode token : written) {
      assertThat(token.path("special").asBoolean())
          .isEqualTo(token.path("content").asText().equals("<|endoftext|>"));
    }
    assertThat(BpeJson.read(JSON.readTree(BpeJson.write(model))).ordinary())
        .containsExactly("<|user|>");
  }

  @Test
  void keepingMatchesIsRemovingWhatIsBetweenThem() throws Exception {
    byte[] isolating = BpeJson.write(withPretokenizer(Pretokenizer.CL100K, PrefixSpace.NONE));
    ObjectNode removing = (ObjectNode) JSON.readTree(isolating);
    ((ObjectNode) removing.path("pre_tokenizer").path("pretokenizers").path(0))
        .put("behavior", "Removed")
        .put("invert", true);

    assertThat(BpeJson.read(removing).pretokenizer()).isEqualTo(Pretokenizer.CL100K);
    try (HuggingFaceTokenizer expected = TokenizerFixture.library(isolating);
        HuggingFaceTokenizer actual = TokenizerFixture.library(JSON.writeValueAsBytes(removing))) {
      assertThat(TokenizerFixture.ids(actual, TEXT))
          .isEqualTo(TokenizerFixture.ids(expected, TEXT));
    }
  }

  @Test
  void addedTokensBehindTheVocabularyHaveTheIdsThatTheLibraryGivesThem() throws Exception {
    JsonNode root =
        altered(
            json -> {
              vocabulary(json).remove("<|endoftext|>");
              addToken(json, "<|im_start|>", 269);
            });

    assertThat(BpeJson.read(root).addedTokens())
        .containsExactly(Map.entry("<|endoftext|>", 268), Map.entry("<|im_start|>", 269));
    try (HuggingFaceTokenizer library = TokenizerFixture.library(JSON.writeValueAsBytes(root))) {
      assertThat(TokenizerFixture.ids(library, "<|im_start|><|endoftext|>"))
          .containsExactly(269, 268);
    }
  }

  @Test
  void whereTheLibraryGivesOtherIdsThanTheFileItsOwnCount() throws Exception {
    JsonNode root = altered(json -> addToken(json, "<|im_start|>", 300));

    Tokenizer tokenizer = Tokenizers.ofJson(JSON.writeValueAsBytes(root), "some.json");

    assertThat(tokenizer).isInstanceOf(LibraryTokenizer.class);
    assertThat(tokenizer.encode("<|im_start|>")).containsExactly(269);
    assertThat(tokenizer.vocabSize()).isEqualTo(270);
    assertIsNotRead(
        json -> addToken(json, "<|im_start|>", 300),
        "the added token '<|im_start|>' does not have the id 300");
  }

  @Test
  void whatTheEngineDoesNotCoverToTheIdIsNotRead() {
    assertIsNotRead(root -> root.putObject("normalizer").put("type", "NFC"), "a normalizer");
    assertIsNotRead(root -> root.putNull("decoder"), "its decoder is ''");
    assertIsNotRead(root -> root.putObject("pre_tokenizer").put("type", "Digits"), "pre_tokenizer");
    assertIsNotRead(
        root -> ((ObjectNode) root.path("pre_tokenizer")).remove("add_prefix_space"),
        "pre_tokenizer");
    assertIsNotRead(root -> model(root).put("type", "WordPiece"), "its model is a WordPiece");
    assertIsNotRead(root -> model(root).put("dropout", 0.1), "drops merges");
    assertIsNotRead(root -> model(root).put("byte_fallback", true), "falls back to bytes");
    assertIsNotRead(
        root -> model(root).put("end_of_word_suffix", "</w>"), "has a end_of_word_suffix");
    for (String flag : List.of("lstrip", "rstrip", "single_word")) {
      assertIsNotRead(root -> addedToken(root).put(flag, true), "is not found literally");
    }
    assertIsNotRead(root -> addToken(root, "two words", 269), "is not found literally");
    assertIsNotRead(root -> addToken(root, "\u00e9\u00e9", 269), "is not found literally");
    assertIsNotRead(
        root -> {
          addToken(root, "<|x|>", 269);
          addedToken(root).put("normalized", true);
        },
        "is found before or after others");
  }

  @Test
  void vocabulariesAndMergesThatDoNotFitAreNotRead() {
    assertIsNotRead(
        root -> vocabulary(root).remove("\u0120"),
        "the token '\u0120' for the byte 0x20 is missing");
    assertIsNotRead(root -> vocabulary(root).put("two words", 300), "stand for no byte");
    assertIsNotRead(root -> vocabulary(root).put("xyz", 260), "the id 260 is there twice");
    assertIsNotRead(root -> vocabulary(root).put("xyz", -1), "token 'xyz' has the id -1");
    assertIsNotRead(root -> vocabulary(root).put("xyz", "1"), "token 'xyz' has the id \"1\"");
    assertIsNotRead(
        root -> vocabulary(root).put("xyz", Integer.MAX_VALUE - 1), "the largest id is 2147483646");
    assertIsNotRead(
        root -> vocabulary(root).remove("newest"),
        "merge 6, 'new est', needs the token 'newest', which is missing");
    assertIsNotRead(root -> merges(root).add("abc"), "merge 12 is 'abc', not two tokens");
    assertIsNotRead(root -> merges(root).add("e s"), "merge 12, 'e s', is there twice");
  }

  private static void assertIsToy(Consumer<ObjectNode> change) throws Exception {
    JsonNode root = altered(change);
    byte[] toy = BpeJson.write(TokenizerFixture.toy());

    TokenizerFixture.assertSame(BpeJson.read(root), TokenizerFixture.toy());
    try (HuggingFaceTokenizer expected = TokenizerFixture.library(toy);
        HuggingFaceTokenizer actual = TokenizerFixture.library(JSON.writeValueAsBytes(root))) {
      assertThat(TokenizerFixture.ids(actual, TEXT))
          .isEqualTo(TokenizerFixture.ids(expected, TEXT));
    }
  }

  private static void assertIsNotRead(Consumer<ObjectNode> change, String why) {
    assertThatThrownBy(() -> BpeJson.read(altered(change)))
        .isInstanceOf(NotByteLevelException.class)
        .hasMessageContaining(why);
  }

  private static ObjectNode altered(Consumer<ObjectNode> change) throws Exception {
    ObjectNode root = (ObjectNode) JSON.readTree(BpeJson.write(TokenizerFixture.toy()));
    change.accept(root);
    return root;
  }

  private static ObjectNode model(ObjectNode root) {
    return (ObjectNode) root.path("model");
  }

  private static ObjectNode vocabulary(ObjectNode root) {
    return (ObjectNode) model(root).path("vocab");
  }

  private static ArrayNode merges(ObjectNode root) {
    return (ArrayNode) model(root).path("merges");
  }

  private static ObjectNode addedToken(ObjectNode root) {
    return (ObjectNode) root.path("added_tokens").path(0);
  }

  private static void addToken(ObjectNode root, String content, int id) {
    ((ArrayNode) root.path("added_tokens"))
        .add(addedToken(root).deepCopy().put("content", content).put("id", id));
  }

  private static BpeModel withPretokenizer(Pretokenizer pretokenizer, PrefixSpace prefixSpace) {
    BpeModel toy = TokenizerFixture.toy();
    return new BpeModel(
        pretokenizer,
        toy.tokens(),
        toy.merges(),
        toy.addedTokens(),
        WholePieces.LOOKED_UP,
        prefixSpace);
  }
}
