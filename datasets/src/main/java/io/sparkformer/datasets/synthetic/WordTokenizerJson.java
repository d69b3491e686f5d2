package io.sparkformer.datasets.synthetic;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.UncheckedIOException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * A vocabulary of words as HuggingFace tokenizer.json (github.com/huggingface/tokenizers): a word
 * is what stands between white space, and decoding puts single spaces there.
 */
final class WordTokenizerJson {

  /** What the library's WhitespaceSplit splits at: Unicode's property, all of it. */
  private static final Pattern WHITE_SPACE = Pattern.compile("\\p{IsWhite_Space}+");

  /** No word is empty, so that the library refuses unknown words instead of replacing them. */
  private static final String UNKNOWN_TOKEN = "";

  private static final ObjectMapper JSON = new ObjectMapper();

  private WordTokenizerJson() {}

  static List<String> words(String sentence) {
    return WHITE_SPACE.splitAsStream(sentence).filter(word -> !word.isEmpty()).toList();
  }

  /** The tokenizer of all words of sentences, ids in the order in which they first appear. */
  static byte[] of(List<String> sentences) {
    Set<String> vocabulary = new LinkedHashSet<>();
    sentences.forEach(sentence -> vocabulary.addAll(words(sentence)));
    ObjectNode root = JSON.createObjectNode().put("version", "1.0");
    root.putNull("truncation").putNull("padding").putArray("added_tokens");
    root.putNull("normalizer");
    root.putObject("pre_tokenizer").put("type", "WhitespaceSplit");
    root.putNull("post_processor").putNull("decoder");
    ObjectNode model = root.putObject("model").put("type", "WordLevel");
    ObjectNode ids = model.putObject("vocab");
    for (String word : vocabulary) {
      ids.put(word, ids.size());
    }
    model.put("unk_token", UNKNOWN_TOKEN);
    try {
      return JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(root);
    } catch (JsonProcessingException e) {
      throw new UncheckedIOException(e); // a tree is always valid
    }
  }
}
