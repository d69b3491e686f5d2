package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.Serializable;
import java.util.Arrays;
import java.util.Locale;

/**
 * One file of a shard as it was written.
 *
 * @param name file name within its directory
 * @param bytes its size
 * @param sha256 hex digest of its content
 * @param tokens tokens in the shard
 * @param sequences sequences in the shard
 * @param documents documents, or parts of documents, in the shard
 * @param crc32c of its blocks, as {@link BlockSums} has them; empty if it was written by a build
 *     that knew none
 */
public record ShardFile(
    String name,
    long bytes,
    String sha256,
    long tokens,
    long sequences,
    long documents,
    String crc32c)
    implements Serializable {

  /** Ending of the file with the tokens. */
  public static final String TOKENS_ENDING = ".bin";

  /** Ending of the file with the sequence and document bounds. */
  public static final String INDEX_ENDING = ".idx";

  /** Between a split's name and the shard's number, of files with labels. */
  public static final String LABELS = "-label";

  public ShardFile {
    require(
        name != null && name.matches("[A-Za-z0-9_][A-Za-z0-9._-]*"),
        "file name '%s' is not a plain name of letters, digits, '.', '_' and '-': use the names of the tokenize job",
        name);
    require(
        sha256 != null && sha256.matches("[0-9a-f]{64}"),
        "sha256 '%s' of %s is not 64 hex digits: make it again",
        sha256,
        name);
    require(
        bytes >= 0 && tokens >= 0 && sequences >= 0 && documents >= 0,
        "%s has a negative count (bytes %d, tokens %d, sequences %d, documents %d): make it again",
        name,
        bytes,
        tokens,
        sequences,
        documents);
    crc32c = crc32c == null ? "" : crc32c; // a unit that an earlier build made
    require(
        crc32c.isEmpty()
            || (crc32c.length() == BlockSums.DIGITS * BlockSums.blocks(bytes)
                && crc32c.chars().allMatch(c -> "0123456789abcdef".indexOf(c) >= 0)),
        "crc32c of %s is not 8 hex digits for each %d of its %d bytes: make it again",
        name,
        BlockSums.BLOCK_BYTES,
        bytes);
  }

  /** Whether its blocks can be checked one by one. */
  public boolean hasSums() {
    return !crc32c.isEmpty();
  }

  /**
   * Where the file is not as it was written, in words that go behind such a message.
   *
   * @param found the sums of the blocks that it has
   * @return empty if it is
   */
  public String alteredBlocks(String found) {
    int differs = Arrays.mismatch(crc32c.toCharArray(), found.toCharArray());
    if (differs < 0) {
      return "";
    }
    long from = (long) (differs / BlockSums.DIGITS) * BlockSums.BLOCK_BYTES;
    return String.format(
        Locale.ROOT,
        ", first between its bytes %d and %d",
        from,
        Math.min(bytes, from + BlockSums.BLOCK_BYTES));
  }

  /** The sum of a block. */
  int sum(int block) {
    int at = block * BlockSums.DIGITS;
    return Integer.parseUnsignedInt(crc32c, at, at + BlockSums.DIGITS, 16);
  }

  /** The same file under another name, with its ending. */
  public ShardFile named(String stem) {
    String ending = name.substring(name.lastIndexOf('.'));
    return new ShardFile(stem + ending, bytes, sha256, tokens, sequences, documents, crc32c);
  }
}
