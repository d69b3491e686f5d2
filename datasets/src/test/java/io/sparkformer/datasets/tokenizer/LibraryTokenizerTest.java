package io.sparkformer.datasets.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** The kinds of tokenizer that HuggingFace's own library reads. */
final class LibraryTokenizerTest {

  private static final ObjectMapper JSON = new ObjectMapper();

  static final String WORD_PIECE =
      """
      {"version": "1.0", "truncation": {"max_length": 3, "strategy": "LongestFirst", "stride": 0, "direction": "Right"},
       "padding": {"strategy": {"Fixed": 16}, "direction": "Right", "pad_to_multiple_of": null, "pad_id": 0,
         "pad_type_id": 0, "pad_token": "[PAD]"},
       "added_tokens": [{"id": 1, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false,
           "normalized": false, "special": true},
         {"id": 9, "content": "</s>", "single_word": false, "lstrip": false, "rstrip": false,
           "normalized": false, "special": true}],
       "normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true,
         "strip_accents": null, "lowercase": true},
       "pre_tokenizer": {"type": "BertPreTokenizer"},
       "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]},
       "decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
       "model": {"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##",
         "max_input_chars_per_word": 100,
         "vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "low": 4, "##er": 5, "##est": 6, "new": 7, ".": 8}}}
      """;

  static final String UNIGRAM =
      """
      {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": {"type": "NFKC"},
       "pre_tokenizer": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": true},
       "post_processor": null,
       "decoder": {"type": "Metaspace", "replacement": "\u2581", "prepend_scheme": "always", "split": true},
       "model": {"type": "Unigram", "unk_id": 0, "byte_fallback": false,
         "vocab": [["<unk>", 0.0], ["\u2581low", -1.5], ["er", -2.0], ["\u2581", -3.0], ["fi", -2.5], ["f", -4.0], ["i", -4.25]]}}
      """;

  @Test
  void wordPiecesAreFoundAsBertDoes() {
    Tokenizer tokenizer = read(WORD_PIECE);

    assertThat(tokenizer).isInstanceOf(LibraryTokenizer.class);
    assertThat(tokenizer.encode("L\u00d6WER newest. x")).containsExactly(4, 5, 7, 6, 8, 1);
    assertThat(tokenizer.decode(new int[] {4, 5, 7, 6, 8})).isEqualTo("lower newest.");
    assertThat(tokenizer.vocabSize()).isEqualTo(10);
    assertThat(tokenizer.canCut()).isFalse();
  }

  @Test
  void unigramsAreFoundAsSentencePieceDoes() {
    Tokenizer tokenizer = read(UNIGRAM);

    assertThat(tokenizer.encode("lower \ufb01")).containsExactly(1, 2, 3, 4);
    assertThat(tokenizer.decode(new int[] {1, 2, 3, 4})).isEqualTo("lower fi");
    assertThat(tokenizer.vocabSize()).isEqualTo(7);
    assertThat(tokenizer.endOfText()).isEmpty();
  }

  @Test
  void nothingIsCutOffPaddedOrAddedWhateverTheFileSays() {
    Tokenizer tokenizer = read(WORD_PIECE);

    assertThat(tokenizer.encode("low")).containsExactly(4);
    assertThat(tokenizer.encode("low ".repeat(5000))).hasSize(5000).containsOnly(4);
    assertThat(tokenizer.encode("")).isEmpty();
  }

  @Test
  void specialTokensInTextsAreFoundAndOneEndsTexts() {
    Tokenizer tokenizer = read(WORD_PIECE);

    assertThat(tokenizer.encode("low</s>new")).containsExactly(4, 9, 7);
    assertThat(tokenizer.endOfText()).hasValue(9);
  }

  @Test
  void piecesOfADocumentMakeNoDifference() throws Exception {
    byte[] utf8 = "L\u00d6WER new".getBytes(StandardCharsets.UTF_8);
    Encoder encoder = read(WORD_PIECE).encoder();
    Tokenizer.TokenList tokens = new Tokenizer.TokenList();

    for (int document = 0; document < 2; document++) {
      for (int i = 0; i < utf8.length; i++) {
        encoder.append(utf8, i, i + 1, tokens);
      }
      encoder.endDocument(tokens);
    }

    assertThat(tokens.toArray()).containsExactly(4, 5, 7, 4, 5, 7);
  }

  @Test
  void fingerprintsIgnoreLayoutAndWhatIsLeftOut() {
    String other = WORD_PIECE.replace("\n", " ").replace("\"max_length\": 3", "\"max_length\": 9");
    String fingerprint = read(WORD_PIECE).fingerprint();

    assertThat(read(other).fingerprint()).isEqualTo(fingerprint).hasSize(64);
    assertThat(
            read(WORD_PIECE.replace("\"lowercase\": true", "\"lowercase\": false")).fingerprint())
        .isNotEqualTo(fingerprint);
    assertThat(read(WORD_PIECE).json()).isEqualTo(WORD_PIECE.getBytes(StandardCharsets.UTF_8));
  }

  @Test
  void theFingerprintOfEarlierBuildsIsKnownAgain() throws Exception {
    ObjectNode root = (ObjectNode) JSON.readTree(WORD_PIECE);
    root.remove(List.of("truncation", "padding"));
    String earlier = sha256("library" + sorted(root));
    root.remove("post_processor");
    String today = sha256("library" + sorted(root));
    Tokenizer tokenizer = read(WORD_PIECE);

    assertThat(tokenizer.fingerprint()).isEqualTo(today).isNotEqualTo(earlier);
    assertThat(tokenizer.isOf(today)).isTrue();
    assertThat(tokenizer.isOf(earlier)).isTrue();
    assertThat(tokenizer.isOf(sha256("library"))).isFalse();
    assertThat(read(UNIGRAM).isOf(earlier)).isFalse();
  }

  private static String sorted(ObjectNode root) throws IOException {
    return JSON.writer(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
        .writeValueAsString(JSON.treeToValue(root, Map.class));
  }

  private static String sha256(String text) throws NoSuchAlgorithmException {
    byte[] utf8 = text.getBytes(StandardCharsets.UTF_8);
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(utf8));
  }

  @Test
  void unknownIdsAndTooLongDocumentsAreRefused() {
    LibraryTokenizer tokenizer = (LibraryTokenizer) read(WORD_PIECE);
    LibraryEncoder encoder = new LibraryEncoder(tokenizer, 3);

    assertThatThrownBy(() -> tokenizer.decode(new int[] {4, 10}))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "token 10 at position 1 is not in the tokenizer's vocabulary: use ids from 0 to 9");
    assertThatThrownBy(() -> encoder.append(new byte[4], 0, 4, (tokens, count) -> {}))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "a document has more than 3 bytes, and this kind of tokenizer takes whole documents: split it");
  }

  @Test
  void aTextWithoutTokensIsRefused() {
    String json =
        """
        {"added_tokens": [], "normalizer": null, "pre_tokenizer": null, "post_processor": null, "decoder": null,
         "model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "[UNK]"}}
        """;

    assertThatThrownBy(() -> read(json).encode("b"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("the tokenizer has no tokens for a text of 1 characters (")
        .hasMessageEndingWith("): leave it out, or use another tokenizer");
  }

  @Test
  void whatTheLibraryCannotReadIsRefused() {
    assertThatThrownBy(() -> read("{\"model\": {\"type\": \"BPE\", \"vocab\": {}}}"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("some.json is not a tokenizer that HuggingFace's library reads (")
        .hasMessageEndingWith("): copy it again, or make it again");
  }

  private static Tokenizer read(String json) {
    return Tokenizers.ofJson(json.getBytes(StandardCharsets.UTF_8), "some.json");
  }
}
