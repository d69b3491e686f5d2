package io.sparkformer.jobs;

import io.sparkformer.datasets.shard.TokenDtype;
import java.io.Serializable;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * A shard to write: a range of the token stream, as parts of chunks.
 *
 * @param name file name without ending
 * @param parts in order; never empty
 */
record ShardPlan(String name, List<Part> parts) implements Serializable {

  /**
   * Tokens of a chunk that belong to a shard.
   *
   * @param skip tokens before them in the chunk
   * @param take their number
   */
  record Part(TextChunk chunk, long skip, long take) implements Serializable {}

  /**
   * The number of training tokens: the floor of tokens x (1 - validFraction), in decimal as the
   * fraction was written.
   */
  static long trainTokens(long tokens, double validFraction) {
    return BigDecimal.ONE
        .subtract(BigDecimal.valueOf(validFraction))
        .multiply(BigDecimal.valueOf(tokens))
        .setScale(0, RoundingMode.FLOOR)
        .longValueExact();
  }

  /**
   * Cuts a split into shards of nearly equal size.
   *
   * @param firstToken the split's first token in the stream
   * @param endToken the token after the split
   * @param shardBytes the largest size of a shard, to within a token
   */
  static List<ShardPlan> of(
      String split,
      CorpusScan scan,
      long firstToken,
      long endToken,
      TokenDtype dtype,
      long shardBytes) {
    long tokens = endToken - firstToken;
    int shards = Math.toIntExact((tokens * dtype.byteWidth() + shardBytes - 1) / shardBytes);
    List<ShardPlan> plans = new ArrayList<>();
    for (int shard = 0; shard < shards; shard++) {
      String name = String.format(Locale.ROOT, "%s-%05d-of-%05d", split, shard, shards);
      long from = firstToken + Math.multiplyExact(tokens, (long) shard) / shards;
      long to = firstToken + Math.multiplyExact(tokens, shard + 1L) / shards;
      plans.add(new ShardPlan(name, parts(scan, from, to)));
    }
    return plans;
  }

  private static List<Part> parts(CorpusScan scan, long from, long to) {
    List<Part> parts = new ArrayList<>();
    long[] starts = scan.starts();
    int found = Arrays.binarySearch(starts, from);
    for (int chunk = found >= 0 ? found : -found - 2;
        chunk < scan.chunks().size() && starts[chunk] < to;
        chunk++) {
      long first = Math.max(from, starts[chunk]);
      long take = Math.min(to, starts[chunk + 1]) - first;
      // A chunk inside a multi-byte character has no code point of its own.
      if (take > 0) {
        parts.add(new Part(scan.chunks().get(chunk), first - starts[chunk], take));
      }
    }
    return parts;
  }
}
