package io.sparkformer.datasets.tokenizer;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import java.util.Set;
import java.util.SortedMap;

/**
 * What a byte-level BPE tokenizer is made of.
 *
 * @param pretokenizer cuts the text
 * @param tokens the bytes of each id; empty where an id is not used or is an added token's
 * @param merges in the order of their ranks
 * @param addedTokens ids by content; found in texts before they are cut, the longest of the first
 *     ones that match
 * @param ordinary the added tokens that are not special: decoders of others, asked to leave special
 *     ones out, keep them
 * @param pieces whether a whole pre-token that is a token is that token, whatever merges give
 * @param prefixSpace whether a space is put before a text that does not begin with one
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
public record BpeModel(
    Pretokenizer pretokenizer,
    byte[][] tokens,
    Merges merges,
    SortedMap<String, Integer> addedTokens,
    Set<String> ordinary,
    WholePieces pieces,
    PrefixSpace prefixSpace) {

  public BpeModel {
    ordinary = Set.copyOf(ordinary);
  }

  /** Of special added tokens alone. */
  public BpeModel(
      Pretokenizer pretokenizer,
      byte[][] tokens,
      Merges merges,
      SortedMap<String, Integer> addedTokens,
      WholePieces pieces,
      PrefixSpace prefixSpace) {
    this(pretokenizer, tokens, merges, addedTokens, Set.of(), pieces, prefixSpace);
  }

  /**
   * Pairs of ids and the ids they become, by rank.
   *
   * @param left first id of each pair
   * @param right second id
   * @param merged id of the token that the pair becomes
   */
  @SuppressWarnings("ArrayRecordComponent")
  public record Merges(int[] left, int[] right, int[] merged) {}

  /** What becomes of a pre-token that is a token itself ({@code ignore_merges}). */
  public enum WholePieces {
    /** It is that token, even if merges do not lead to it: tiktoken, Llama 3. */
    LOOKED_UP,
    /** It is merged as any other: GPT-2. */
    MERGED
  }

  /** What is put before a text ({@code add_prefix_space}). */
  public enum PrefixSpace {
    ADDED,
    NONE
  }
}
