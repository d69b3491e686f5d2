package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.knuddels.jtokkit.Encodings;
import com.knuddels.jtokkit.api.Encoding;
import com.knuddels.jtokkit.api.EncodingType;
import io.sparkformer.datasets.SharedData;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** The built-in vocabularies, with HuggingFace's library and jtokkit as judges. */
final class BuiltInTest {

  @Test
  void gpt2IsAsItsAuthorsPublishedIt() throws Exception {
    JsonNode ours = tree(BpeJson.write(BuiltIn.GPT2.model())).path("model");
    JsonNode published = tree(Files.readAllBytes(SharedData.file("gpt2_tokenizer/vocab.json")));
    List<String> merges = new ArrayList<>();
    ours.path("merges").forEach(merge -> merges.add(merge.asText()));

    assertThat(ours.path("vocab").equals(published)).isTrue();
    assertThat(merges)
        .isEqualTo(
            Files.readAllLines(SharedData.file("gpt2_tokenizer/merges.txt")).stream()
                .skip(1)
                .toList());
    assertThat(ours.path("ignore_merges").asBoolean()).isFalse();
  }

  @Test
  void gpt2IsTheSameFromItsTokenizerJson() throws Exception {
    try (InputStream in =
        new GZIPInputStream(
            Files.newInputStream(SharedData.file("gpt2_tokenizer/tokenizer.json.gz")))) {
      BpeModel published = BpeJson.read(tree(in.readAllBytes()));

      TokenizerFixture.assertSame(published, BuiltIn.GPT2.model());
    }
  }

  @ParameterizedTest
  @EnumSource(BuiltIn.class)
  void whatIsWrittenIsReadAgain(BuiltIn builtIn) throws Exception {
    BpeModel model = builtIn.model();

    BpeModel read = BpeJson.read(tree(BpeJson.write(model)));

    TokenizerFixture.assertSame(read, model);
  }

  @ParameterizedTest
  @CsvSource({
    "GPT2, R50K_BASE, 50257",
    "CL100K_BASE, CL100K_BASE, 100277",
    "O200K_BASE, O200K_BASE, 200019"
  })
  void theLibraryGivesTiktokensIds(BuiltIn builtIn, EncodingType type, int vocabSize)
      throws Exception {
    BpeModel model = builtIn.model();
    Encoding tiktoken = Encodings.newLazyEncodingRegistry().getEncoding(type);
    List<String> texts = texts();

    try (HuggingFaceTokenizer library = TokenizerFixture.library(BpeJson.write(model))) {
      assertThat(model.tokens().length).isEqualTo(vocabSize);
      for (String text : texts) {
        int[] expected = tiktoken.encodeOrdinary(text).toArray();
        assertThat(TokenizerFixture.ids(library, text)).as(text).isEqualTo(expected);
      }
      model
          .addedTokens()
          .forEach(
              (content, id) ->
                  assertThat(TokenizerFixture.ids(library, "a" + content)).endsWith(id).hasSize(2));
    }
  }

  private static JsonNode tree(byte[] json) {
    return Tokenizers.tree(json, "test");
  }

  private static List<String> texts() throws Exception {
    List<String> texts = new ArrayList<>();
    texts.add(Files.readString(SharedData.file("tinyshakespeare/input.txt")).substring(0, 100_000));
    texts.add(Files.readString(SharedData.file("corpus/emoji-test.txt")).substring(0, 200_000));
    tree(Files.readAllBytes(SharedData.file("corpus/blns.json")))
        .forEach(text -> texts.add(text.asText()));
    Random random = new Random(42);
    for (int i = 0; i < 300; i++) {
      texts.add(TokenizerFixture.randomText(random, 80));
    }
    texts.removeIf(text -> !StandardCharsets.UTF_8.newEncoder().canEncode(text));
    return texts;
  }
}
