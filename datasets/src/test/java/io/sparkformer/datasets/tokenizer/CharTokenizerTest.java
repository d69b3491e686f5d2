package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.Storage;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.util.Arrays;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CharTokenizerTest {

  private static final String MIXED =
      "To be,\n\tor not\r\n  — e\u0301 \u00e9 \ud83d\udc69\u200d\ud83d\ude80 日本\u0000\"\\ [UNK]\ufeff";

  @TempDir java.nio.file.Path directory;

  private final FileSystem fileSystem =
      Storage.fileSystem(new Path("file:///"), new Configuration());

  @Test
  void idsAreTheRanksOfTheCodePoints() {
    CharTokenizer tokenizer = tokenizerOf("hello \ud83d\ude80");

    assertThat(tokenizer.vocabSize()).isEqualTo(6);
    assertThat(tokenizer.encode("hello")).containsExactly(2, 1, 3, 3, 4);
    assertThat(tokenizer.encode(" \ud83d\ude80")).containsExactly(0, 5);
    assertThat(tokenizer.idOf('e')).isEqualTo(1);
    assertThat(tokenizer.idOf('z')).isEqualTo(-1);
    assertThat(tokenizer.idOf(-1)).isEqualTo(-1);
    assertThat(tokenizer.decode(new int[] {5, 2})).isEqualTo("\ud83d\ude80h");
  }

  @Test
  void encodingAnUnknownCharacterNamesItAndItsPosition() {
    CharTokenizer tokenizer = tokenizerOf("abc");

    assertThatThrownBy(() -> tokenizer.encode("ab\u00e9"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "character U+00E9 'é' at position 2 is not in the tokenizer's vocabulary of 3 characters:"
                + " leave it out, or use a model that was trained on text with it");
    assertThatThrownBy(() -> tokenizer.encode("\n"))
        .hasMessageStartingWith("character U+000A at position 0 is not in");
    assertThatThrownBy(() -> tokenizer.encode("a\ud83d"))
        .hasMessageStartingWith("character U+003F '?' at position 1 is not in");
  }

  @Test
  void decodingAnUnknownIdNamesItAndItsPosition() {
    assertThatThrownBy(() -> tokenizerOf("abc").decode(new int[] {0, 3}))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "token 3 at position 1 is not in the tokenizer's vocabulary: use ids from 0 to 2");
  }

  @Test
  void vocabulariesThatAreNotSortedScalarValuesAreRefused() {
    assertThatThrownBy(() -> CharTokenizer.of(new int[0]))
        .hasMessage("a character vocabulary needs at least one character");
    assertThatThrownBy(() -> CharTokenizer.of(new int[] {'b', 'a'}))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("0x61 is not a Unicode scalar value above its predecessor 0x62");
    assertThatThrownBy(() -> CharTokenizer.of(new int[] {'a', 0xD800}))
        .isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void fingerprintsDifferWithTheVocabularyOnly() {
    assertThat(tokenizerOf("abc").fingerprint())
        .isEqualTo(tokenizerOf("cba").fingerprint())
        .hasSize(64);
    assertThat(tokenizerOf("abd").fingerprint()).isNotEqualTo(tokenizerOf("abc").fingerprint());
  }

  @Test
  void aWrittenTokenizerIsReadBack() throws Exception {
    tokenizerOf(MIXED).write(fileSystem, path());

    Tokenizer read = Tokenizers.read(fileSystem, path());

    assertThat(read.fingerprint()).isEqualTo(tokenizerOf(MIXED).fingerprint());
    assertThat(read.decode(read.encode(MIXED))).isEqualTo(MIXED);
  }

  @Test
  void theHuggingFaceLibraryReadsTheFileAndGivesTheSameIds() throws Exception {
    CharTokenizer ours = tokenizerOf(MIXED);
    ours.write(fileSystem, path());

    try (HuggingFaceTokenizer theirs =
        HuggingFaceTokenizer.newInstance(directory.resolve(Tokenizer.FILE_NAME))) {
      Encoding encoding = theirs.encode(MIXED, true, false);
      assertThat(encoding.getIds())
          .isEqualTo(Arrays.stream(ours.encode(MIXED)).asLongStream().toArray());
      assertThat(theirs.decode(encoding.getIds(), false)).isEqualTo(MIXED);
      assertThatThrownBy(() -> theirs.encode("Z")).hasMessageContaining("WordLevel");
    }
  }

  @Test
  void theHuggingFaceLibraryAgreesOnTinyShakespeare() throws Exception {
    String text =
        Files.readString(SharedData.file("tinyshakespeare/input.txt")).substring(0, 20_000);
    CharTokenizer ours = tokenizerOf(text);
    ours.write(fileSystem, path());

    try (HuggingFaceTokenizer theirs =
        HuggingFaceTokenizer.builder().optTokenizerPath(directory).optTruncation(false).build()) {
      assertThat(theirs.encode(text, true, false).getIds())
          .isEqualTo(Arrays.stream(ours.encode(text)).asLongStream().toArray());
    }
  }

  @Test
  void wordLevelTokenizersOfOtherKindsAreReadThroughTheLibrary() throws Exception {
    String json =
        "{\"version\": \"1.0\", \"truncation\": null, \"padding\": null, \"added_tokens\": [],"
            + " \"normalizer\": null, \"pre_tokenizer\": {\"type\": \"Whitespace\"},"
            + " \"post_processor\": null, \"decoder\": null,"
            + " \"model\": {\"type\": \"WordLevel\", \"vocab\": {\"a\": 0, \"ab\": 1}, \"unk_token\": \"a\"}}";

    Tokenizer tokenizer = Tokenizers.ofJson(json.getBytes(StandardCharsets.UTF_8), "some.json");

    assertThat(tokenizer).isInstanceOf(LibraryTokenizer.class);
    assertThat(tokenizer.encode(" ab  a")).containsExactly(1, 0);
  }

  @Test
  void damagedTokenizersAreNamed() throws Exception {
    assertThatThrownBy(() -> Tokenizers.read(fileSystem, path()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "tokenizer.json is missing: copy the directory again, or make it again");
    assertReadingFails("{\"model\": ", "tokenizer.json is not JSON");
    assertReadingFails("", "tokenizer.json is empty: copy it again, or make it again");
    assertReadingFails(characterLevel("{}"), "tokenizer.json has an empty vocabulary");
    assertReadingFails(
        characterLevel("{\"ab\": 0}"),
        "tokenizer.json: token 'ab' with id 0 does not fit a vocabulary of 1 single characters: copy it again");
    assertReadingFails(characterLevel("{\"a\": 0, \"b\": 0}"), "token 'b' with id 0 does not fit");
    assertReadingFails(characterLevel("{\"a\": 7}"), "token 'a' with id 7 does not fit");
    assertReadingFails(
        characterLevel("{\"b\": 0, \"a\": 1}"),
        "tokenizer.json: the ids do not follow the order of the characters (at id 1)");
  }

  private static String characterLevel(String vocabulary) {
    return "{\"pre_tokenizer\": {\"type\": \"Split\", \"pattern\": {\"Regex\": \"[\\\\s\\\\S]\"}, \"behavior\": \"Isolated\"},"
        + " \"model\": {\"type\": \"WordLevel\", \"vocab\": "
        + vocabulary
        + "}}";
  }

  private void assertReadingFails(String json, String message) throws Exception {
    Files.writeString(directory.resolve(Tokenizer.FILE_NAME), json);
    assertThatThrownBy(() -> Tokenizers.read(fileSystem, path()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message);
  }

  private Path path() {
    return new Path(directory.toUri());
  }

  private static CharTokenizer tokenizerOf(String text) {
    return CharTokenizer.of(text.codePoints().sorted().distinct().toArray());
  }
}
