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

  /** A direct buffer has less than 2^31 bytes; smaller ones cost nothing. */
  private static final int BUCKET_FLOATS = 1 << 28;

  private static final int ALIGNED_FLOATS = 16;
  private static final int LEAST_NUMBERS = 1024;
  private static final int DIGITS_OF_LONG = 4;
  private static final int DIGIT_BITS = 16;

  private final Collective collective;
  private final Gpt model;
  private final Layout layout;
  private final NDManager views;
  private final List<List<NDArray>> parts = new ArrayList<>();
  private final List<NDArray> total;
  private final List<NDArray> staging;

  /**
   * Where the arrays are.
   *
   * @param numbers floats before the first
   * @param buckets of each array
   * @param offsets of each array, in floats
   * @param bucketFloats lengths
   */
  private record Layout(
      int numbers, List<Integer> buckets, List<Integer> offsets, List<Integer> bucketFloats) {

    static Layout of(Gpt model, int microBatches, int worldSize) {
      int numbers =
          Math.max(
              LEAST_NUMBERS, Math.max(Trainer.NUMBERS * microBatches, DIGITS_OF_LONG * worldSize));
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
      return new Layout(numbers, buckets, offsets, floats);
    }

    private static int aligned(long floats) {
      long length = (floats + ALIGNED_FLOATS - 1) / ALIGNED_FLOATS * ALIGNED_FLOATS;
      if (length > Integer.MAX_VALUE / Float.BYTES) {
        throw new IllegalArgumentException("an array of " + floats + " floats is too large");
      }
      return (int) length;
    }
  }

  /** Where a model's arrays pass on their way between its device and the collective's buffers. */
  interface Staging {
    /** Floats in host memory, attached to the manager; none if they need not pass anywhere. */
    Optional<NDArray> of(NDManager manager, long floats);
  }

  private GradientAllReduce(Collective collective, Gpt model, Layout layout, Staging staging) {
    this.collective = collective;
    this.model = model;
    this.layout = layout;
    this.views = model.manager().newSubManager(Device.cpu());
    boolean alone = collective.worldSize() == 1;
    for (int i = 0; i < collective.spans().size() && !alone; i++) {
      int span = i;
      parts.add(views(bucket -> collective.part(span, bucket)));
    }
    this.total = alone ? List.of() : views(collective::total);
    this.staging = alone ? List.of() : staged(staging);
  }

  /** What a collective must be able to sum for {@link #over}. */
  public static Collective.Shape shape(Gpt model, int microBatches, int worldSize) {
    return new Collective.Shape(
        microBatches, Layout.of(model, microBatches, worldSize).bucketFloats());
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
    return new GradientAllReduce(
        collective, model, Layout.of(model, microBatches, collective.worldSize()), staging);
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
   * @param span index into the collective's spans
   * @param arrays one for each weight
   */
  void contribute(int span, List<NDArray> arrays) {
    if (collective.worldSize() > 1) {
      toHost(parts.get(span), arrays);
    }
  }

  /**
   * Sums what all ranks contributed.
   *
   * @param into for the totals; holds this rank's sum if it is alone
   * @param numbers of this rank; those of others neutral
   * @return totals of the numbers
   */
  public float[] total(List<NDArray> into, float[] numbers) {
    if (collective.worldSize() == 1) {
      return numbers;
    }
    put(numbers);
    collective.sum();
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
      collective.sum();
      System.arraycopy(totalNumbers(to - from), 0, totals, from, to - from);
    }
    return totals;
  }

  /** A number of every rank, for all. */
  public long[] gather(long own) {
    int worldSize = collective.worldSize();
    if (worldSize == 1) {
      return new long[] {own};
    }
    float[] digits = neutral(worldSize * DIGITS_OF_LONG);
    for (int i = 0; i < DIGITS_OF_LONG; i++) {
      digits[collective.rank() * DIGITS_OF_LONG + i] = own >>> (i * DIGIT_BITS) & 0xffff;
    }
    digits = total(digits);
    long[] values = new long[worldSize];
    for (int i = 0; i < digits.length; i++) {
      values[i / DIGITS_OF_LONG] |= (long) digits[i] << (i % DIGITS_OF_LONG * DIGIT_BITS);
    }
    return values;
  }

  /** Replaces arrays, one for each weight, by those of the first rank. */
  public void broadcast(List<NDArray> arrays) {
    if (collective.worldSize() == 1) {
      return;
    }
    for (int span = 0; span < parts.size(); span++) {
      if (span == 0 && collective.rank() == 0) {
        toHost(parts.get(span), arrays);
      } else {
        fillNeutral(span);
      }
    }
    collective.sum();
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

  private void fillNeutral(int span) {
    float[] neutral = neutral(LEAST_NUMBERS);
    for (int bucket = 0; bucket < layout.bucketFloats().size(); bucket++) {
      FloatBuffer floats = collective.part(span, bucket).asFloatBuffer();
      while (floats.hasRemaining()) {
        floats.put(neutral, 0, Math.min(neutral.length, floats.remaining()));
      }
    }
  }

  private void put(float[] numbers) {
    float[] neutral = neutral(numbers.length);
    for (int span = 0; span < parts.size(); span++) {
      collective.part(span, 0).asFloatBuffer().put(0, span == 0 ? numbers : neutral);
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
