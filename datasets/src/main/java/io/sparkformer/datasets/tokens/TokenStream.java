package io.sparkformer.datasets.tokens;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A split's tokens as one sequence, whatever the number of shards.
 *
 * <p>Safe for many reading threads; valid until its {@link TokenDataset} is closed.
 */
public final class TokenStream {

  private final String name;
  private final List<TokenShard> shards;
  private final long[] starts;

  private TokenStream(String name, List<TokenShard> shards) {
    this.name = name;
    this.shards = List.copyOf(shards);
    this.starts = new long[shards.size() + 1];
    for (int i = 0; i < shards.size(); i++) {
      starts[i + 1] = starts[i] + shards.get(i).length();
    }
  }

  /**
   * A stream over shards, which stay the caller's to close.
   *
   * @param name the split's name, for messages
   */
  public static TokenStream of(String name, List<TokenShard> shards) {
    return new TokenStream(name, shards);
  }

  /** The split's name. */
  public String name() {
    return name;
  }

  /** Number of tokens. */
  public long length() {
    return starts[starts.length - 1];
  }

  /**
   * Copies tokens into an array.
   *
   * @throws IndexOutOfBoundsException if the range is not within the stream or the array
   * @throws io.sparkformer.datasets.InvalidInputException if they were altered
   * @throws IllegalStateException if the data set is closed
   */
  public void read(long position, int count, long[] out, int offset) {
    Objects.checkFromIndexSize(position, count, length());
    Objects.checkFromIndexSize(offset, count, out.length);
    int done = 0;
    for (int shard = shardOf(position); done < count; shard++) {
      long at = position + done;
      int next = (int) Math.min(count - done, starts[shard + 1] - at);
      shards.get(shard).read(at - starts[shard], next, out, offset + done);
      done += next;
    }
  }

  private int shardOf(long position) {
    int found = Arrays.binarySearch(starts, position);
    // Shards without tokens make equal starts, of which the search may find any: reading passes
    // over them.
    return found >= 0 ? found : -found - 2;
  }
}
