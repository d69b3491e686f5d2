package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.FuzzedReader;
import io.sparkformer.datasets.FuzzedReader.Form;
import io.sparkformer.datasets.InvalidInputException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.zip.GZIPOutputStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Damaged tokenizers. */
final class TokenizerFuzzTest {

  private static final Configuration HADOOP = new Configuration();

  /** The pairs of bytes that merge, and the ids of all of Unicode's characters. */
  private static final long TABLES = 6 << 20;

  private static final byte[] TOY = BpeJson.write(TokenizerFixture.toy());
  private static final byte[] WORD_PIECE = utf8(LibraryTokenizerTest.WORD_PIECE);
  private static final byte[] UNIGRAM = utf8(LibraryTokenizerTest.UNIGRAM);

  /** With all that the library takes indexes from: a map of a to b, affixes and byte tokens. */
  private static final byte[] AFFIXED =
      utf8(
          """
          {"version": "1.0", "truncation": {"max_length": 3, "strategy": "LongestFirst", "stride": 2, "direction": "Left"},
           "padding": {"strategy": "BatchLongest", "direction": "Left", "pad_to_multiple_of": 8, "pad_id": 0, "pad_type_id": 0, "pad_token": "a"},
           "added_tokens": [{"id": 9, "content": "</s>", "single_word": true, "lstrip": true, "rstrip": true, "normalized": true, "special": false}],
           "normalizer": {"type": "Sequence", "normalizers": [{"type": "Precompiled", "precompiled_charsmap": "%s"},
             {"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "Prepend", "prepend": "_"},
             {"type": "Strip", "strip_left": true, "strip_right": true}, {"type": "Lowercase"}, {"type": "NFD"}, {"type": "StripAccents"}]},
           "pre_tokenizer": {"type": "Sequence", "pretokenizers": [{"type": "Digits", "individual_digits": true},
             {"type": "Punctuation", "behavior": "MergedWithPrevious"}, {"type": "CharDelimiterSplit", "delimiter": "-"},
             {"type": "Split", "pattern": {"String": " "}, "behavior": "Removed", "invert": false}, {"type": "UnicodeScripts"}]},
           "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "</s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}],
             "pair": [{"Sequence": {"id": "A", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}}],
             "special_tokens": {"</s>": {"id": "</s>", "ids": [9], "tokens": ["</s>"]}}},
           "decoder": {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "_"}, "content": " "}, {"type": "ByteFallback"},
             {"type": "BPEDecoder", "suffix": "$"}, {"type": "CTC", "pad_token": "<pad>", "word_delimiter_token": "|", "cleanup": true}, {"type": "Fuse"},
             {"type": "Strip", "content": " ", "start": 1, "stop": 0}]},
           "model": {"type": "BPE", "dropout": null, "unk_token": "a", "continuing_subword_prefix": "##", "end_of_word_suffix": "$", "fuse_unk": true,
             "byte_fallback": true, "ignore_merges": true, "vocab": {"a": 0, "b": 1, "##a": 2, "##b": 3, "##b$": 4, "ab": 5, "ab$": 6, "_": 7, "<0x20>": 8},
             "merges": [["a", "##b"], ["a", "##b$"]]}}
          """
              .formatted(CharsMapTest.OF_ONE_LETTER));

  @TempDir Path directory;

  @Test
  void aTokenizerJsonOfBytePairs() throws IOException {
    fuzz("tokenizer.json (byte pairs)", "tokenizer.json", Form.JSON, List.of(TOY));
  }

  @Test
  void aTokenizerJsonOfCharacters() throws IOException {
    byte[] letters = CharTokenizer.of("\n abcde\u00e9\u6f22".codePoints().toArray()).json();
    fuzz("tokenizer.json (characters)", "tokenizer.json", Form.JSON, List.of(letters));
  }

  @Test
  void aTokenizerJsonThatTheLibraryReads() throws IOException {
    fuzz(
        "tokenizer.json (library)",
        "tokenizer.json",
        Form.JSON,
        List.of(WORD_PIECE, UNIGRAM, AFFIXED));
  }

  @Test
  void aPackedTokenizerJson() throws IOException {
    fuzz(
        "tokenizer.json.gz",
        "tokenizer.json.gz",
        Form.BINARY,
        List.of(gzip(WORD_PIECE), gzip(UNIGRAM)));
  }

  @Test
  void whatIsPackedIsSaidOrUnpackedOnlyAsFarAsATokenizerMayBe() throws IOException {
    Path bomb = Files.write(directory.resolve("bomb.json.gz"), gzip(new byte[1 << 24]));
    assertThatThrownBy(() -> Tokenizers.open(bomb.toString(), HADOOP))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching(
            ".*/bomb.json.gz, unpacked, has more than [0-9]{6} bytes, too many for a file of its name: copy the right one there");
    for (String magic : List.of("PK\u0003\u0004", "(\u00b5/\u00fd", "\u00fd7zXZ", "BZh")) {
      byte[] bytes = (magic + "and so on").getBytes(StandardCharsets.ISO_8859_1);
      Path packed = Files.write(directory.resolve("tokenizer.json"), bytes);
      assertThatThrownBy(() -> Tokenizers.open(packed.toString(), HADOOP))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageMatching(
              ".*/tokenizer.json is packed \\((zip|zstandard|xz|bzip2)\\): unpack it, and give the file that is in it");
    }
    assertThatThrownBy(() -> Tokenizers.ofJson(gzip(TOY), "tokenizer.json"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("tokenizer.json is packed (gzip)");
  }

  @Test
  void aVocabularyOfTwoFiles() throws IOException {
    Path merges = Files.writeString(directory.resolve("merges.txt"), "#version: 0.2\nl o\nlo w\n");
    fuzz("vocab.json", "vocab.json", Form.JSON, List.of(vocabulary()));
    Files.write(directory.resolve("vocab.json"), vocabulary());
    fuzz("merges.txt", "merges.txt", Form.TEXT, List.of(Files.readAllBytes(merges)));
  }

  private static byte[] vocabulary() {
    StringBuilder json = new StringBuilder("{\"<|end|>\": 256, \"lo\": 257, \"low\": 258");
    for (int b = 0; b < 256; b++) {
      String text = ByteAlphabet.text(new byte[] {(byte) b});
      json.append(", \"").append(text.replaceAll("[\"\\\\]", "\\\\$0")).append("\": ").append(b);
    }
    return utf8(json.append("}").toString());
  }

  private void fuzz(String name, String file, Form form, List<byte[]> wholes) throws IOException {
    String text = name.contains("characters") ? "ab\u00e9" : "ab-ab  e1 \u00e9\ud83d\ude00</s>";
    new FuzzedReader(name, form, TABLES, () -> use(text)).run(directory.resolve(file), wholes);
  }

  /** What a tokenizer says of itself, of a text and of all of its tokens. */
  private void use(String text) throws IOException {
    Tokenizer tokenizer = Tokenizers.open(directory.toString(), HADOOP);
    tokenizer.fingerprint();
    tokenizer.endOfText();
    tokenizer.around();
    int[] ids = tokenizer.encode(text);
    tokenizer.decode(ids);
    for (int id = 0; id < Math.min(20, tokenizer.vocabSize()); id++) {
      tokenizer.decode(new int[] {id});
    }
  }

  private static byte[] gzip(byte[] content) throws IOException {
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream out = new GZIPOutputStream(packed)) {
      out.write(content);
    }
    return packed.toByteArray();
  }

  private static byte[] utf8(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }
}
