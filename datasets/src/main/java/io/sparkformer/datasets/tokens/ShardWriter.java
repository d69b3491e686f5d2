package io.sparkformer.datasets.tokens;

import java.io.Closeable;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * Writes one shard, a .bin and an .idx file of {@link IndexFile}'s format.
 *
 * <p>Both files are written under hidden names and appear under their own at {@link #finish};
 * closed without it, the writer leaves nothing. Of several writers of one shard (retried or
 * speculative tasks) the last or the first to finish stays, which is the same to readers as long as
 * they write the same. For one thread.
 */
public final class ShardWriter implements Closeable {

  private static final int BLOCK_BYTES = 1 << 16;

  private final FileSystem fileSystem;
  private final Path directory;
  private final String name;
  private final TokenDtype dtype;
  private final Path hiddenTokens;
  private final Path hiddenIndex;
  private final SummedOutput tokensOut;
  private final byte[] block = new byte[BLOCK_BYTES];

  private int[] sizes = new int[16];
  private int sequences;
  private long[] documentBounds = new long[16];
  private int documents;
  private long tokens;
  private long openSequenceTokens;

  private ShardWriter(FileSystem fileSystem, Path directory, String name, TokenDtype dtype)
      throws IOException {
    this.fileSystem = fileSystem;
    this.directory = directory;
    this.name = name;
    this.dtype = dtype;
    String attempt = "." + UUID.randomUUID();
    this.hiddenTokens = new Path(directory, "." + name + ShardFile.TOKENS_ENDING + attempt);
    this.hiddenIndex = new Path(directory, "." + name + ShardFile.INDEX_ENDING + attempt);
    this.tokensOut = new SummedOutput(fileSystem.create(hiddenTokens, false));
  }

  /**
   * Starts a shard.
   *
   * @param name the files' common name without ending
   */
  public static ShardWriter create(
      FileSystem fileSystem, Path directory, String name, TokenDtype dtype) throws IOException {
    return new ShardWriter(fileSystem, directory, name, dtype);
  }

  /**
   * Appends tokens to the open sequence.
   *
   * @throws IllegalArgumentException if a token does not fit the type
   */
  public void append(int[] from, int offset, int count) throws IOException {
    requireFit(from, offset, count);
    int tokensPerBlock = BLOCK_BYTES / dtype.byteWidth();
    for (int at = offset; at < offset + count; at += tokensPerBlock) {
      int bytes = dtype.encode(from, at, Math.min(offset + count, at + tokensPerBlock), block);
      tokensOut.write(block, 0, bytes);
    }
    tokens += count;
    openSequenceTokens += count;
  }

  /** Ends the open sequence, which may be empty. */
  public void endSequence() {
    if (openSequenceTokens > Integer.MAX_VALUE) {
      throw new IllegalStateException(
          name + ": a sequence of " + openSequenceTokens + " tokens does not fit the format");
    }
    if (sequences == sizes.length) {
      sizes = Arrays.copyOf(sizes, sequences * 2);
    }
    sizes[sequences++] = (int) openSequenceTokens;
    openSequenceTokens = 0;
  }

  /** Ends the document, and its open sequence if that has tokens. */
  public void endDocument() {
    if (openSequenceTokens > 0) {
      endSequence();
    }
    if (documents + 1 == documentBounds.length) {
      documentBounds = Arrays.copyOf(documentBounds, documentBounds.length * 2);
    }
    documentBounds[++documents] = sequences;
  }

  /**
   * Completes the shard and makes its files visible.
   *
   * @return the .bin file, then the .idx file
   * @throws IllegalStateException if the last document was not ended
   */
  public List<ShardFile> finish() throws IOException {
    if (openSequenceTokens > 0 || documentBounds[documents] != sequences) {
      throw new IllegalStateException(name + ": the last document was not ended");
    }
    tokensOut.close();
    List<ShardFile> files =
        List.of(
            file(ShardFile.TOKENS_ENDING, hiddenTokens, tokensOut),
            file(ShardFile.INDEX_ENDING, hiddenIndex, writeIndex()));
    publish(hiddenTokens, ShardFile.TOKENS_ENDING);
    publish(hiddenIndex, ShardFile.INDEX_ENDING);
    return files;
  }

  /** Removes what was written unless the shard is finished. */
  @Override
  public void close() throws IOException {
    try {
      tokensOut.close();
    } finally {
      fileSystem.delete(hiddenTokens, false);
      fileSystem.delete(hiddenIndex, false);
    }
  }

  private SummedOutput writeIndex() throws IOException {
    IndexFile index =
        IndexFile.of(
            dtype, Arrays.copyOf(sizes, sequences), Arrays.copyOf(documentBounds, documents + 1));
    try (SummedOutput indexOut = new SummedOutput(fileSystem.create(hiddenIndex, false))) {
      index.write(indexOut);
      return indexOut;
    }
  }

  private ShardFile file(String ending, Path hidden, SummedOutput written) throws IOException {
    long bytes = fileSystem.getFileStatus(hidden).getLen();
    return new ShardFile(
        name + ending, bytes, written.sha256(), tokens, sequences, documents, written.crc32c());
  }

  private void publish(Path hidden, String ending) throws IOException {
    Path visible = new Path(directory, name + ending);
    // HDFS refuses to rename onto an existing file: then another attempt at the same shard was
    // first.
    if (!fileSystem.rename(hidden, visible) && !fileSystem.exists(visible)) {
      throw new IOException("cannot rename " + hidden + " to " + visible);
    }
  }

  private void requireFit(int[] from, int offset, int count) {
    int allBits = 0;
    for (int i = offset; i < offset + count; i++) {
      allBits |= from[i];
    }
    // maxToken is all ones, so a bit outside it belongs to a token that is negative or too large.
    if ((allBits & ~dtype.maxToken()) != 0) {
      throw new IllegalArgumentException(
          name + ": a token is outside 0.." + dtype.maxToken() + " of " + dtype.label());
    }
  }
}
