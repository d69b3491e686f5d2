package io.sparkformer.datasets.sample;

/** The mixing function that all random orders rest on. */
public final class SplitMix {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private SplitMix() {}

  /**
   * The next output of SplitMix64 (Steele, Lea, Flood 2014) from a state: a bijection with full
   * avalanche.
   */
  public static long mix(long state) {
    long z = state + GOLDEN_GAMMA;
    z = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }
}
