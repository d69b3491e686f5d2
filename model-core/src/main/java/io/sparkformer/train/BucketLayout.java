package io.sparkformer.train;

import ai.djl.ndarray.NDArray;
import io.sparkformer.model.Gpt;
import java.util.ArrayList;
import java.util.List;

/**
 * Where a model's arrays are in a collective's buffers.
 *
 * @param numbers floats before the first
 * @param buckets of each array
 * @param offsets of each array, in floats
 * @param bucketFloats lengths
 */
record BucketLayout(
    int numbers, List<Integer> buckets, List<Integer> offsets, List<Integer> bucketFloats) {

  /** A direct buffer has less than 2^31 bytes; smaller ones cost nothing. */
  private static final int BUCKET_FLOATS = 1 << 28;

  private static final int ALIGNED_FLOATS = 16;

  /** Room for numbers that pass alone. */
  static final int LEAST_NUMBERS = 1024;

  static BucketLayout of(Gpt model, int microBatches) {
    int numbers = Math.max(LEAST_NUMBERS, Trainer.NUMBERS * microBatches);
    List<Integer> buckets = new ArrayList<>();
    List<Integer> offsets = new ArrayList<>();
    List<Integer> floats = new ArrayList<>(List.of(aligned(numbers)));
    for (NDArray weight : model.weightList().arrays()) {
      int length = aligned(weight.size());
      int last = floats.size() - 1;
      if ((long) floats.get(last) + length > BUCKET_FLOATS) {
        floats.add(0);
        last++;
      }
      buckets.add(last);
      offsets.add(floats.get(last));
      floats.set(last, floats.get(last) + length);
    }
    return new BucketLayout(numbers, buckets, offsets, floats);
  }

  private static int aligned(long floats) {
    long length = (floats + ALIGNED_FLOATS - 1) / ALIGNED_FLOATS * ALIGNED_FLOATS;
    if (length > Integer.MAX_VALUE / Float.BYTES) {
      throw new IllegalArgumentException("an array of " + floats + " floats is too large");
    }
    return (int) length;
  }
}
