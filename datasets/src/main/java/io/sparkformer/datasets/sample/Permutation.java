package io.sparkformer.datasets.sample;

/**
 * A permutation of 0 to size - 1 that is computed, not stored.
 *
 * <p>A Feistel network permutes the smallest even power of two that holds the numbers; what lands
 * outside them goes through it again until it is inside (Black, Rogaway 2002: cycle walking), which
 * takes fewer than 4 turns on average.
 */
final class Permutation {

  /** The halves of small sizes have one or two bits, which take more rounds to mix than large. */
  private static final int ROUNDS = 12;

  private final long key;
  private final long size;
  private final int halfBits;

  /**
   * A permutation.
   *
   * @param key any value; others give others
   * @param size from 1 to 2^62
   */
  Permutation(long key, long size) {
    this.key = SplitMix.mix(key);
    this.size = size;
    int bits = Long.SIZE - Long.numberOfLeadingZeros(size - 1);
    this.halfBits = Math.max(1, (bits + 1) / 2);
  }

  /** Where a number from 0 to size - 1 goes. */
  long apply(long number) {
    long image = network(number);
    while (image >= size) {
      image = network(image);
    }
    return image;
  }

  private long network(long number) {
    long mask = (1L << halfBits) - 1;
    long left = number >>> halfBits;
    long right = number & mask;
    for (int round = 0; round < ROUNDS; round++) {
      long bits = SplitMix.mix(SplitMix.mix(key ^ round) ^ right);
      long mixed = left ^ (bits >>> (Long.SIZE - halfBits));
      left = right;
      right = mixed;
    }
    return left << halfBits | right;
  }
}
