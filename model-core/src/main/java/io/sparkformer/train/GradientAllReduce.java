package io.sparkformer.train;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.index.NDIndex;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.collective.Collective;
import io.sparkformer.model.Gpt;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Passes arrays of a model's shapes, and some numbers with them, through a collective's buffers:
 * sums of gradients and losses, weights of the first rank for all.
 *
 * <p>Each of the collective's buckets holds whole arrays; the numbers stand before the first.
 */
public final class GradientAllReduce implements AutoCloseable {

  /** Digits of as many ranks add up within a float's 24 bits. */
  private static final int DIGIT_BITS = 12;

  private static final int MOST_RANKS = 1 << (24 - DIGIT_BITS);

  private final Collective collective;
  private final Gpt model;
  private final BucketLayout layout;
  private final NDManager views;
  private final List<List<NDArray>> parts = new ArrayList<>();
  private final List<NDArray> total;
  private final List<NDArray> staging;

  /** Where a model's arrays pass on their way between its device and the collective's buffers. */
  interface Staging {
    /** Floats in host memory, attached to the manager; none if they need not pass anywhere. */
    Optional<NDArray> of(NDManager manager, long floats);
  }

  private GradientAllReduce(
      Collective collective, Gpt model, BucketLayout layout, Staging staging) {
    this.collective = collective;
    this.model = model;
    this.layout = layout;
    this.views = model.manager().newSubManager(Device.cpu());
    boolean alone = collective.worldSize() == 1;
    for (int i = 0; i < collective.microBatchRanges().size() && !alone; i++) {
      int range = i;
      parts.add(views(bucket -> collective.part(range, bucket)));
    }
    this.total = alone ? List.of() : views(collective::total);
    this.staging = alone ? List.of() : staged(staging);
  }

  /** What a collective must be able to sum for {@link #over}. */
  public static Collective.Shape shape(Gpt model, int microBatches) {
    return new Collective.Shape(microBatches, BucketLayout.of(model, microBatches).bucketFloats());
  }

  /**
   * Between ranks.
   *
   * @param collective of this model's {@link #shape}; stays the caller's
   */
  public static GradientAllReduce over(Collective collective, Gpt model, int microBatches) {
    boolean onGpu = model.manager().getDevice().isGpu();
    return over(
        collective,
        model,
        microBatches,
        (manager, floats) ->
            onGpu ? Optional.of(model.kernels().pinned(manager, floats)) : Optional.empty());
  }

  static GradientAllReduce over(
      Collective collective, Gpt model, int microBatches, Staging staging) {
    return new GradientAllReduce(collective, model, BucketLayout.of(model, microBatches), staging);
  }

  /** The weights' shapes in one array, one after the other. */
  private List<NDArray> staged(Staging staging) {
    List<NDArray> weights = model.weightList().arrays();
    long floats = weights.stream().mapToLong(NDArray::size).sum();
    List<NDArray> arrays = new ArrayList<>();
    Optional<NDArray> memory = staging.of(views, floats);
    long offset = 0;
    for (int i = 0; i < weights.size() && memory.isPresent(); i++) {
      NDArray weight = weights.get(i);
      long end = offset + weight.size();
      arrays.add(memory.get().get(new NDIndex("{}:{}", offset, end)).reshape(weight.getShape()));
      offset = end;
    }
    return arrays;
  }

  /** Of a run of one rank. */
  public static GradientAllReduce alone(Gpt model, int microBatches) {
    return over(Collective.single(microBatches), model, microBatches);
  }

  private List<NDArray> views(java.util.function.IntFunction<ByteBuffer> buckets) {
    List<NDArray> arrays = new ArrayList<>();
    List<NDArray> weights = model.weightList().arrays();
    for (int i = 0; i < weights.size(); i++) {
      Shape shape = weights.get(i).getShape();
      ByteBuffer bytes =
          buckets
              .apply(layout.buckets().get(i))
              .slice(
                  layout.offsets().get(i) * Float.BYTES,
                  Math.toIntExact(shape.size() * Float.BYTES))
              .order(ByteOrder.nativeOrder());
      arrays.add(views.create(bytes, shape, DataType.FLOAT32));
    }
    return arrays;
  }

  public Collective collective() {
    return collective;
  }

  /** Numbers that change nothing in a sum. */
  public float[] neutral(int count) {
    float[] numbers = new float[count];
    Arrays.fill(numbers, Collective.NEUTRAL);
    return numbers;
  }

  /**
   * Leaves this rank's sum of a node for {@link #total}.
   *
   * @param range index into the collective's ranges
   * @param arrays one for each weight
   */
  void contribute(int range, List<NDArray> arrays) {
    if (collective.worldSize() > 1) {
      toHost(parts.get(range), arrays);
    }
  }

  /**
   * Sums what all ranks contributed.
   *
   * @param into for the totals; holds this rank's sum if it is alone
   * @param numbers of this rank; those of others neutral
   * @return totals of the numbers
   */
  float[] total(List<NDArray> into, float[] numbers) {
    if (collective.worldSize() == 1) {
      return numbers;
    }
    put(numbers);
    collective.allReduce();
    fromHost(into, total);
    return totalNumbers(numbers.length);
  }

  /** Sums numbers alone. */
  public float[] total(float[] numbers) {
    if (collective.worldSize() == 1) {
      return numbers;
    }
    float[] totals = numbers.clone();
    for (int from = 0; from < totals.length; from += layout.numbers()) {
      int to = Math.min(totals.length, from + layout.numbers());
      put(Arrays.copyOfRange(totals, from, to));
      collective.allReduce();
      System.arraycopy(totalNumbers(to - from), 0, totals, from, to - from);
    }
    return totals;
  }

  /**
   * Sums counts, exactly.
   *
   * @param most that any total can be, the same in all ranks: the less, the fewer numbers pass
   */
  public long[] total(long[] counts, long most) {
    int bits = Long.SIZE - Long.numberOfLeadingZeros(most);
    return total(counts, Math.max(1, bits));
  }

  /** A number of every rank, for all. */
  public long[] gather(long own) {
    long[] values = new long[collective.worldSize()];
    values[collective.rank()] = own;
    return total(values, Long.SIZE);
  }

  /** Sums the lowest bits of whole numbers, in digits that floats add up exactly. */
  private long[] total(long[] values, int bits) {
    if (collective.worldSize() == 1) {
      return values;
    }
    if (collective.worldSize() > MOST_RANKS) {
      throw new IllegalStateException(
          "%d ranks: counts are exact for %d at most"
              .formatted(collective.worldSize(), MOST_RANKS));
    }
    int digitsOfEach = (bits + DIGIT_BITS - 1) / DIGIT_BITS;
    float[] digits = new float[values.length * digitsOfEach];
    for (int i = 0; i < digits.length; i++) {
      long rest = values[i / digitsOfEach] >>> (i % digitsOfEach * DIGIT_BITS);
      digits[i] = rest & ((1 << DIGIT_BITS) - 1);
    }
    digits = total(digits);
    long[] totals = new long[values.length];
    for (int i = 0; i < digits.length; i++) {
      totals[i / digitsOfEach] += (long) digits[i] << (i % digitsOfEach * DIGIT_BITS);
    }
    return totals;
  }

  /** Replaces arrays, one for each weight, by those of the first rank. */
  public void broadcast(List<NDArray> arrays) {
    if (collective.worldSize() == 1) {
      return;
    }
    for (int range = 0; range < parts.size(); range++) {
      if (range == 0 && collective.rank() == 0) {
        toHost(parts.get(range), arrays);
      } else {
        fillNeutral(range);
      }
    }
    collective.allReduce();
    fromHost(arrays, total);
  }

  private void toHost(List<NDArray> buffers, List<NDArray> arrays) {
    if (staging.isEmpty()) {
      copy(buffers, arrays);
    } else {
      copy(staging, arrays);
      copy(buffers, staging);
    }
  }

  private void fromHost(List<NDArray> arrays, List<NDArray> buffers) {
    if (staging.isEmpty()) {
      copy(arrays, buffers);
    } else {
      copy(staging, buffers);
      copy(arrays, staging);
    }
  }

  private void copy(List<NDArray> into, List<NDArray> from) {
    try (NDManager scratch = views.newSubManager()) {
      model.kernels().copy(scratch, into, from);
    }
  }

  private void fillNeutral(int range) {
    float[] neutral = neutral(BucketLayout.LEAST_NUMBERS);
    for (int bucket = 0; bucket < layout.bucketFloats().size(); bucket++) {
      FloatBuffer floats = collective.part(range, bucket).asFloatBuffer();
      while (floats.hasRemaining()) {
        floats.put(neutral, 0, Math.min(neutral.length, floats.remaining()));
      }
    }
  }

  private void put(float[] numbers) {
    float[] neutral = neutral(numbers.length);
    for (int range = 0; range < parts.size(); range++) {
      collective.part(range, 0).asFloatBuffer().put(0, range == 0 ? numbers : neutral);
    }
  }

  private float[] totalNumbers(int count) {
    float[] numbers = new float[count];
    collective.total(0).asFloatBuffer().get(0, numbers);
    return numbers;
  }

  /** The collective stays open. */
  @Override
  public void close() {
    views.close();
  }
}
