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
  private final List<SequenceIndex> indexes;

  /** Number of each shard's first sequence, and the number of all. */
  private final long[] firsts;

  private TokenSequences(List<TokenShard> shards, List<SequenceIndex> indexes) {
    this.shards = List.copyOf(shards);
    this.indexes = List.copyOf(indexes);
    this.firsts = new long[indexes.size() + 1];
    for (int i = 0; i < indexes.size(); i++) {
      firsts[i + 1] = firsts[i] + indexes.get(i).sequences();
    }
  }

  /** The sequences of shards, by their indexes; all stay the caller's to close. */
  static TokenSequences of(List<TokenShard> shards, List<SequenceIndex> indexes) {
    return new TokenSequences(shards, indexes);
  }

  /** Number of sequences. */
  public long count() {
    return firsts[firsts.length - 1];
  }

  /**
   * Tokens of a sequence.
   *
   * @param sequence from 0 to {@link #count()} - 1
   * @throws io.sparkformer.datasets.InvalidInputException if this part of the index was altered
   */
  public int length(long sequence) {
    int shard = shardOf(sequence);
    return indexes.get(shard).size((int) (sequence - firsts[shard]));
  }

  /**
   * Tokens of each of the next sequences, as many as fit and there are.
   *
   * @param sequence the first one, from 0 to {@link #count()} - 1
   * @return how many
   * @throws io.sparkformer.datasets.InvalidInputException if this part of the index was altered
   */
  public int lengths(long sequence, int[] out) {
    int done = 0;
    for (long at = sequence; done < out.length && at < count(); at = sequence + done) {
      int shard = shardOf(at);
      int next = (int) Math.min(out.length - done, firsts[shard + 1] - at);
      indexes.get(shard).sizes((int) (at - firsts[shard]), next, out, done);
      done += next;
    }
    return done;
  }

  /**
   * Copies tokens of a sequence into an array.
   *
   * @param from position within the sequence
   * @throws IndexOutOfBoundsException if the range is not within the sequence or the array
   * @throws io.sparkformer.datasets.InvalidInputException if they, or where they are, were altered
   * @throws IllegalStateException if the data set is closed
   */
  public void read(long sequence, int from, int count, long[] out, int offset) {
    Objects.checkFromIndexSize(from, count, length(sequence));
    int shard = shardOf(sequence);
    long start = indexes.get(shard).start((int) (sequence - firsts[shard]));
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
