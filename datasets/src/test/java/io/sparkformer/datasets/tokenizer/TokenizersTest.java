package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.SharedData;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

final class TokenizersTest {

  private static final byte[] TOY = BpeJson.write(TokenizerFixture.toy());
  private static final String POSSIBLE =
      ": give one of gpt2, cl100k_base, o200k_base; or the path of a tokenizer.json, of a directory"
          + " with tokenizer.json or with vocab.json and merges.txt, or of two such files as"
          + " vocab.json,merges.txt";

  @TempDir Path directory;

  @ParameterizedTest
  @CsvSource({"gpt2, 50257", "cl100k_base, 100277", "o200k_base, 200019"})
  void theBuiltInOnesHaveNames(String name, int vocabSize) throws Exception {
    assertThat(open(name))
        .isInstanceOf(BpeTokenizer.class)
        .extracting(Tokenizer::vocabSize)
        .isEqualTo(vocabSize);
  }

  @Test
  void aTokenizerJsonIsFoundByItsNameOrItsDirectorysGzipOrNot() throws Exception {
    Path json = Files.write(directory.resolve("some.json"), TOY);
    Path plain = Files.createDirectory(directory.resolve("plain"));
    Files.write(plain.resolve("tokenizer.json"), TOY);
    Path packed = Files.createDirectory(directory.resolve("packed"));
    Files.write(packed.resolve("tokenizer.json.gz"), gzip(TOY));

    for (Path path : new Path[] {json, plain, packed, packed.resolve("tokenizer.json.gz")}) {
      Tokenizer tokenizer = open(path.toString());
      assertThat(tokenizer).isInstanceOf(BpeTokenizer.class);
      assertThat(tokenizer.json()).isEqualTo(TOY);
    }
    assertThat(open(json.toUri().toString()).json()).isEqualTo(TOY);
  }

  @Test
  void charactersAreStillTokens() throws Exception {
    CharTokenizer tokenizer = CharTokenizer.of(new int[] {'a', 'b'});
    Files.write(directory.resolve("tokenizer.json"), tokenizer.json());

    assertThat(open(directory.toString()))
        .isInstanceOf(CharTokenizer.class)
        .extracting(Tokenizer::fingerprint)
        .isEqualTo(tokenizer.fingerprint());
  }

  @ParameterizedTest
  @CsvSource({"vocab.json, merges.txt", "encoder.json, vocab.bpe"})
  void aVocabularyAndItsMergesAreOneTokenizer(String vocabulary, String merges) throws Exception {
    Path first = directory.resolve(vocabulary);
    Path second = directory.resolve(merges);
    Files.copy(SharedData.file("gpt2_tokenizer/vocab.json"), first);
    Files.copy(SharedData.file("gpt2_tokenizer/merges.txt"), second);
    byte[] gpt2 = BpeJson.write(BuiltIn.GPT2.model());

    assertThat(Arrays.equals(open(directory.toString()).json(), gpt2)).isTrue();
    assertThat(Arrays.equals(open(first + "," + second).json(), gpt2)).isTrue();
  }

  @Test
  void tokensThatNoMergeMakesAndThatLookSoAreSpecial() throws Exception {
    Path megatron = SharedData.file("megatron/gpt2-tiny-vocab.json");
    Path merges = SharedData.file("megatron/gpt2-tiny-merges.txt");

    String json =
        new String(open(megatron + ", " + merges).json(), StandardCharsets.UTF_8)
            .replaceAll("\\s+", " ");

    assertThat(json)
        .contains("\"added_tokens\" : [ { \"id\" : 4999, \"content\" : \"<|endoftext|>\"");
    assertThat(json).containsOnlyOnce("\"content\"");
  }

  @Test
  void whatIsNoTokenizerIsRefusedWithWhatIsPossible() throws Exception {
    Path empty = Files.createDirectory(directory.resolve("empty"));

    assertFails("gpt3", "no tokenizer: gpt3 is not there" + POSSIBLE);
    assertFails(
        empty.toString(),
        "no tokenizer: " + empty + " has none of the files of a tokenizer" + POSSIBLE);
    assertFails(
        empty + "/vocab.json," + empty,
        "no tokenizer: " + empty + "/vocab.json is not a file" + POSSIBLE);
    assertFails("", "'' is not a path (");
  }

  @Test
  void damagedFilesAreNamed() throws Exception {
    assertFileFails("{\"model\": ", " is not JSON (");
    assertFileFails("", " is empty: copy it again, or make it again");
    assertFileFails(
        "{\"a\": 0}",
        " is JSON, but not a tokenizer: it has no 'model': give a tokenizer.json, or a vocabulary"
            + " with its merges as vocab.json,merges.txt");
    assertFileFails("[1]", " is JSON, but not a tokenizer: it has no 'model'");
    byte[] half = gzip(TOY);
    Path file = directory.resolve("half.json.gz");
    try (OutputStream out = Files.newOutputStream(file)) {
      out.write(half, 0, half.length / 2);
    }
    assertFails(file.toString(), file + " is damaged gzip (");
  }

  @Test
  void aVocabularyAndMergesThatDoNotFitAreNamed() throws Exception {
    Path vocabulary = directory.resolve("vocab.json");
    Path merges = directory.resolve("merges.txt");
    String remedy =
        ": give the vocab.json and merges.txt of a byte-level BPE (as GPT-2's), or a tokenizer.json";
    Files.writeString(vocabulary, "{\"a\": 0, \"b\": 1, \"ab\": 2}");

    Files.writeString(merges, "#version: 0.2\na b\na b c\n");
    assertFails(
        directory.toString(),
        merges + ", line 3, is 'a b c', not two tokens with a space between them" + remedy);
    Files.writeString(merges, "a c\n");
    assertFails(
        directory.toString(),
        vocabulary
            + " and "
            + merges
            + " do not make a tokenizer, merge 0, 'a c', needs the token 'c', which is missing"
            + remedy);
    Files.writeString(merges, "a b\r\n");
    assertFails(directory.toString(), "the token '\u0100' for the byte 0x00 is missing" + remedy);
    Files.writeString(vocabulary, "[]");
    assertFails(
        directory.toString(),
        vocabulary + " is not a vocabulary, an object of tokens and ids" + remedy);
  }

  private static Tokenizer open(String spec) throws IOException {
    return Tokenizers.open(spec, new Configuration(false));
  }

  private void assertFileFails(String content, String message) throws Exception {
    Path file = Files.writeString(directory.resolve("broken.json"), content);
    assertFails(file.toString(), file + message);
  }

  private static void assertFails(String spec, String message) {
    assertThatThrownBy(() -> open(spec))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message);
  }

  private static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(packed)) {
      out.write(bytes);
    }
    return packed.toByteArray();
  }
}
