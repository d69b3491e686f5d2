package io.sparkformer.datasets.tokenizer;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.BpeModel.PrefixSpace;
import io.sparkformer.datasets.tokenizer.BpeModel.WholePieces;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * GPT-2's two files: the vocabulary (vocab.json or encoder.json) and the merges (merges.txt or
 * vocab.bpe).
 *
 * <p>They do not say which tokens are special: those are, that no merge makes and that look like
 * {@code <it>} or {@code [it]}.
 */
final class MergesFile {

  private static final String VERSION = "#version";
  private static final String REMEDY =
      "give the vocab.json and merges.txt of a byte-level BPE (as GPT-2's), or a tokenizer.json";

  private MergesFile() {}

  /**
   * A tokenizer like GPT-2's.
   *
   * @param vocabulary ids by token
   * @param vocabularyFile its name, for messages
   * @param merges a pair in each line, UTF-8
   * @param mergesFile their name
   * @throws InvalidInputException if they are not what they should be, or not of each other
   */
  static BpeModel read(
      JsonNode vocabulary, String vocabularyFile, byte[] merges, String mergesFile) {
    try {
      require(
          vocabulary.isObject() && !vocabulary.isEmpty(),
          "%s is not a vocabulary, an object of tokens and ids: %s",
          vocabularyFile,
          REMEDY);
      Map<String, Integer> ids = BpeJson.vocabulary(vocabulary);
      List<String> pairs = pairs(merges, mergesFile);
      SortedMap<String, Integer> special = special(ids, pairs);
      BpeAssembly assembly = new BpeAssembly(ids, pairs, special);
      return new BpeModel(
          Pretokenizer.GPT2,
          assembly.tokens(),
          assembly.merges(),
          special,
          WholePieces.MERGED,
          PrefixSpace.NONE);
    } catch (NotByteLevelException e) {
      throw new InvalidInputException(
          String.format(
              "%s and %s do not make a tokenizer, %s: %s",
              vocabularyFile, mergesFile, e.getMessage(), REMEDY),
          e);
    }
  }

  private static List<String> pairs(byte[] merges, String file) {
    List<String> pairs = new ArrayList<>();
    String[] lines = new String(merges, StandardCharsets.UTF_8).split("\r?\n", -1);
    for (int i = 0; i < lines.length; i++) {
      if (!lines[i].isEmpty() && !lines[i].startsWith(VERSION)) {
        require(
            lines[i].split(" ", -1).length == 2,
            "%s, line %d, is '%s', not two tokens with a space between them: %s",
            file,
            i + 1,
            shortened(lines[i]),
            REMEDY);
        pairs.add(lines[i]);
      }
    }
    return pairs;
  }

  private static SortedMap<String, Integer> special(Map<String, Integer> ids, List<String> pairs) {
    Set<String> made = new HashSet<>(2 * pairs.size());
    pairs.forEach(pair -> made.add(pair.replace(" ", "")));
    SortedMap<String, Integer> special = new TreeMap<>();
    ids.forEach(
        (token, id) -> {
          if (looksSpecial(token) && !made.contains(token)) {
            special.put(token, id);
          }
        });
    return special;
  }

  private static boolean looksSpecial(String token) {
    return token.length() > 2
        && ((token.startsWith("<") && token.endsWith(">"))
            || (token.startsWith("[") && token.endsWith("]")));
  }

  private static String shortened(String line) {
    return line.length() <= 80 ? line : line.substring(0, 80) + "...";
  }
}
