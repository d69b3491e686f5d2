package io.sparkformer.datasets.tokens;

import java.util.Arrays;
import java.util.List;
import java.util.Objects;

/**
 * A split's sequences of tokens or of labels, one by one, whatever the number of shards.
 *
 * <p>Safe for many reading threads; valid until its {@link TokenDataset} is closed.
 */
public final class TokenSequences {

  private final List<TokenShard> shards;

  /** Number of each shard's first sequence, and the number of all. */
  private final long[] firsts;

  /** Of each shard: position of each sequence's first token, and the number of its tokens. */
  private final long[][] starts;

  private TokenSequences(List<TokenShard> shards) {
    this.shards = List.copyOf(shards);
    this.firsts = new long[shards.size() + 1];
    this.starts = new long[shards.size()][];
    for (int i = 0; i < starts.length; i++) {
      IndexFile index = shards.get(i).index();
      starts[i] = new long[index.sequences() + 1];
      for (int sequence = 0; sequence < index.sequences(); sequence++) {
        starts[i][sequence + 1] = starts[i][sequence] + index.size(sequence);
      }
      firsts[i + 1] = firsts[i] + index.sequences();
    }
  }

  /** The sequences of shards, which stay the caller's to close. */
  public static TokenSequences of(List<TokenShard> shards) {
    return new TokenSequences(shards);
  }

  /** Number of sequences. */
  public long count() {
    return firsts[firsts.length - 1];
  }

  /**
   * Tokens of a sequence.
   *
   * @param sequence from 0 to {@link #count()} - 1
   */
  public int length(long sequence) {
    int shard = shardOf(sequence);
    int inShard = (int) (sequence - firsts[shard]);
    return (int) (starts[shard][inShard + 1] - starts[shard][inShard]);
  }

  /**
   * Copies tokens of a sequence into an array.
   *
   * @param from position within the sequence
   * @throws IndexOutOfBoundsException if the range is not within the sequence or the array
   * @throws IllegalStateException if the data set is closed
   */
  public void read(long sequence, int from, int count, long[] out, int offset) {
    Objects.checkFromIndexSize(from, count, length(sequence));
    int shard = shardOf(sequence);
    long start = starts[shard][(int) (sequence - firsts[shard])];
    shards.get(shard).read(start + from, count, out, offset);
  }

  private int shardOf(long sequence) {
    Objects.checkIndex(sequence, count());
    int found = Arrays.binarySearch(firsts, sequence);
    int shard = found >= 0 ? found : -found - 2;
    while (firsts[shard + 1] == sequence) { // shards without sequences have equal firsts
      shard++;
    }
    return shard;
  }
}
