package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.Serializable;

/**
 * One file of a shard as it was written.
 *
 * @param name file name within its directory
 * @param bytes its size
 * @param sha256 hex digest of its content
 * @param tokens tokens in the shard
 * @param sequences sequences in the shard
 * @param documents documents, or parts of documents, in the shard
 */
public record ShardFile(
    String name, long bytes, String sha256, long tokens, long sequences, long documents)
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
  }

  /** The same file under another name, with its ending. */
  public ShardFile named(String stem) {
    String ending = name.substring(name.lastIndexOf('.'));
    return new ShardFile(stem + ending, bytes, sha256, tokens, sequences, documents);
  }
}
