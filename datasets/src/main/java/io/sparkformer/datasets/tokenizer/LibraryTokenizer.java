package io.sparkformer.datasets.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Sha256;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;

/**
 * Any other tokenizer.json (WordPiece, Unigram, normalizers and so on), through HuggingFace's own
 * library.
 *
 * <p>It takes a document as a whole: its normalizers and pre-tokenizers may look anywhere. What the
 * file says about truncation, padding and special tokens around texts is left out.
 */
public final class LibraryTokenizer implements Tokenizer {

  private static final List<String> END_OF_TEXT =
      List.of("<|endoftext|>", "<|end_of_text|>", "</s>", "<eos>");
  private static final JsonMapper SORTED =
      JsonMapper.builder().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS).build();

  private final byte[] json;
  private final HuggingFaceLibrary library;
  private final Map<String, Integer> addedTokens;
  private final int vocabSize;
  private final AroundText around;
  private final String fingerprint;

  private LibraryTokenizer(
      byte[] json, JsonNode root, HuggingFaceLibrary library, AroundText around) {
    this.json = json;
    this.around = around;
    this.library = library;
    Map<String, Integer> vocabulary = vocabulary(root.path("model").path("vocab"));
    this.addedTokens = AddedTokensJson.assigned(root.path("added_tokens"), vocabulary);
    this.vocabSize = 1 + Math.max(largest(vocabulary), largest(addedTokens));
    this.fingerprint = fingerprint(root, List.of("truncation", "padding", "post_processor"));
  }

  /**
   * Loads the library, if it is not, and a tokenizer into it.
   *
   * @param json UTF-8
   * @param root the same
   * @param name of the file, for messages
   * @throws InvalidInputException if the library cannot read it
   */
  static LibraryTokenizer of(byte[] json, JsonNode root, String name) {
    AroundText around = new PostProcessorJson(name).read(root.path("post_processor"));
    return new LibraryTokenizer(
        json, root, HuggingFaceLibrary.plain(LibraryJson.of(root, name), name), around);
  }

  @Override
  public int vocabSize() {
    return vocabSize;
  }

  @Override
  public String fingerprint() {
    return fingerprint;
  }

  @Override
  public boolean isOf(String otherFingerprint) {
    return fingerprint.equals(otherFingerprint) || earlierFingerprint().equals(otherFingerprint);
  }

  @Override
  public int addedCount() {
    return addedTokens.size();
  }

  @Override
  public AroundText around() {
    return around;
  }

  /** The first of the usual ones that it has as an added token. */
  @Override
  public OptionalInt endOfText() {
    return END_OF_TEXT.stream()
        .filter(addedTokens::containsKey)
        .mapToInt(addedTokens::get)
        .findFirst();
  }

  @Override
  public boolean canCut() {
    return false;
  }

  @Override
  public Encoder encoder() {
    return new LibraryEncoder(this);
  }

  @Override
  public DecodeStream decodeStream() {
    return new WindowDecodeStream(this);
  }

  @Override
  public byte[] decodeBytes(int[] ids) {
    requireKnown(ids);
    return library.text(ids).getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public byte[] json() {
    return json.clone();
  }

  /** The ids of a whole document. */
  int[] ids(String document) {
    return library.ids(document);
  }

  private static Map<String, Integer> vocabulary(JsonNode section) {
    Map<String, Integer> ids = new HashMap<>(2 * section.size());
    section.properties().forEach(entry -> ids.put(entry.getKey(), entry.getValue().asInt()));
    for (int id = 0; section.isArray() && id < section.size(); id++) { // Unigram: [token, score]
      ids.put(section.path(id).path(0).asText(), id);
    }
    return ids;
  }

  private static int largest(Map<String, Integer> ids) {
    Optional<Integer> largest = ids.values().stream().max(Integer::compare);
    return largest.orElse(-1);
  }

  /** Earlier builds counted the post-processor, though it changes no ids. Rarely asked for. */
  private String earlierFingerprint() {
    try {
      return fingerprint(SORTED.readTree(json), List.of("truncation", "padding"));
    } catch (IOException e) {
      throw new UncheckedIOException(e); // an array has no I/O
    }
  }

  /** Of the parts that matter, however they are laid out. */
  private static String fingerprint(JsonNode root, List<String> without) {
    ObjectNode canonical = ((ObjectNode) root).deepCopy();
    canonical.remove(without);
    MessageDigest digest = Sha256.digest();
    digest.update("library".getBytes(StandardCharsets.US_ASCII));
    try {
      byte[] sorted = SORTED.writeValueAsBytes(SORTED.treeToValue(canonical, Object.class));
      return HexFormat.of().formatHex(digest.digest(sorted));
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e); // a tree is always valid
    }
  }
}
