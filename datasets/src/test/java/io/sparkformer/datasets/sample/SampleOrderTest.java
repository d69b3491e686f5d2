package io.sparkformer.datasets.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.EpochOrder.Remainder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.LongStream;
import org.junit.jupiter.api.Test;

class SampleOrderTest {

  @Test
  void randomSamplesAreUniformOverAllIncludingTheFirstAndTheLast() {
    RandomOrder order = new RandomOrder(1337, 11);
    int[] counts = new int[11];
    for (int i = 0; i < 110_000; i++) {
      counts[(int) order.index(i / 100, i % 10, i % 100 / 10)]++;
    }
    // 10 degrees of freedom: above 29.6 with probability 0.001.
    assertThat(chiSquare(counts)).isLessThan(29.6);
  }

  @Test
  void randomSamplesOfHugeSplitsReachTheirWholeRange() {
    long size = 3_000_000_000_000L;
    RandomOrder order = new RandomOrder(7, size);
    double sum = 0;
    long largest = 0;
    for (int step = 0; step < 10_000; step++) {
      long index = order.index(step, 0, 0);
      assertThat(index).isBetween(0L, size - 1);
      sum += index;
      largest = Math.max(largest, index);
    }
    assertThat(sum / 10_000 / size).isCloseTo(0.5, within(0.012));
    assertThat(largest).isGreaterThan(size / 1000 * 998);
  }

  @Test
  void randomSamplesDifferInEveryCoordinateAndRepeatForTheSame() {
    RandomOrder order = new RandomOrder(7, 1L << 40);
    Set<Long> indices = new HashSet<>();
    for (int a = 0; a < 20; a++) {
      for (int b = 0; b < 20; b++) {
        for (int c = 0; c < 20; c++) {
          indices.add(order.index(a, b, c));
        }
      }
    }
    assertThat(indices).hasSize(8_000);
    assertThat(new RandomOrder(7, 1L << 40).index(3, 4, 5)).isEqualTo(order.index(3, 4, 5));
    assertThat(new RandomOrder(8, 1L << 40).index(3, 4, 5)).isNotEqualTo(order.index(3, 4, 5));
  }

  @Test
  void ordersAreTheSameInEveryVersion() {
    // Calculated outside this program: a run that is resumed goes on with its samples.
    assertThat(new RandomOrder(1337, 1_003_854 - 256).indices(0, 0, 3))
        .containsExactly(226336, 706546, 689864);
    EpochOrder order = new EpochOrder(1337, 1_000, 8, 4, Remainder.DROP);
    assertThat(order.indices(0, 0, 4)).containsExactly(809, 179, 950, 677);
  }

  @Test
  void everyEpochVisitsEverySampleOnce() {
    for (int size = 1; size <= 200; size++) {
      requirePermutation(size, 0);
      requirePermutation(size, 9);
    }
    requirePermutation(100_003, 3);
  }

  private static void requirePermutation(int size, long epoch) {
    EpochOrder order = new EpochOrder(5, size, 8, 4, Remainder.KEEP);
    long first = epoch * order.stepsPerEpoch();
    boolean[] seen = new boolean[size];
    int visits = 0;
    for (long step = first; step < first + order.stepsPerEpoch(); step++) {
      assertThat(order.epoch(step)).isEqualTo(epoch);
      for (int microBatch = 0; microBatch < 2; microBatch++) {
        for (long index : order.indices(step, microBatch, 4)) {
          seen[(int) index] = true;
          visits++;
        }
      }
    }
    assertThat(visits).isEqualTo(size);
    assertThat(seen).doesNotContain(false);
  }

  @Test
  void everySampleComesToEveryPositionEquallyOften() {
    // 0.999 quantiles of chi-square for (size - 1)^2 degrees of freedom.
    Map<Integer, Double> bounds = Map.of(2, 10.8, 3, 18.5, 5, 39.3, 16, 295.0, 17, 332.0);
    int epochs = 20_000;
    bounds.forEach(
        (size, bound) -> {
          int[] counts = new int[size * size];
          EpochOrder order = new EpochOrder(11, size, 1, 1, Remainder.DROP);
          for (long step = 0; step < (long) epochs * size; step++) {
            counts[(int) (step % size * size + order.index(step, 0, 0))]++;
          }
          // Each order fills every row and column of the counts: they vary by this much more.
          assertThat(chiSquare(counts) * (size - 1) / size).as("size %d", size).isLessThan(bound);
        });
  }

  @Test
  void smallSplitsGoThroughAllTheirOrders() {
    Map<List<Long>, Integer> counts = new HashMap<>();
    EpochOrder order = new EpochOrder(1, 4, 4, 4, Remainder.DROP);
    for (int epoch = 0; epoch < 24_000; epoch++) {
      counts.merge(Arrays.stream(order.indices(epoch, 0, 4)).boxed().toList(), 1, Integer::sum);
    }
    assertThat(counts).hasSize(24);
    // 23 degrees of freedom: above 49.7 with probability 0.001.
    assertThat(chiSquare(counts.values().stream().mapToInt(n -> n).toArray())).isLessThan(49.7);
  }

  @Test
  void neighboursInAnEpochAreIndependent() {
    int size = 40_000;
    EpochOrder order = new EpochOrder(3, size, 1, 1, Remainder.DROP);
    int[] counts = new int[100];
    for (int step = 1; step < size; step++) {
      long tenth = order.index(step, 0, 0) * 10 / size;
      counts[(int) (tenth * 10 + order.index(step - 1, 0, 0) * 10 / size)]++;
    }
    // 81 degrees of freedom: from 45 to 126 with probability 0.999.
    assertThat(chiSquare(counts)).isBetween(45.0, 126.0);
  }

  @Test
  void epochsAndSeedsHaveOrdersOfTheirOwn() {
    Set<List<Long>> orders = new HashSet<>();
    for (long seed = 0; seed < 20; seed++) {
      EpochOrder order = new EpochOrder(seed, 50, 50, 50, Remainder.DROP);
      for (long epoch = 0; epoch < 20; epoch++) {
        orders.add(Arrays.stream(order.indices(epoch, 0, 50)).boxed().toList());
      }
    }
    assertThat(orders).hasSize(400);
  }

  @Test
  void hugeSplitsAreCoveredWithoutMemory() {
    long size = (1L << 50) + 3;
    EpochOrder order = new EpochOrder(3, size, 512, 8, Remainder.DROP);
    Set<Long> indices = new HashSet<>();
    for (int step = 0; step < 1_000; step++) {
      long index = order.index(step, 63, 7);
      assertThat(index).isBetween(0L, size - 1);
      indices.add(index);
    }
    assertThat(indices).hasSize(1_000);
    assertThat(indices.stream().mapToDouble(i -> (double) i / size).average().getAsDouble())
        .isCloseTo(0.5, within(0.035));
  }

  @Test
  void theRowsOfAStepDoNotDependOnHowItIsCutIntoMicroBatches() {
    for (int microBatchSize : new int[] {1, 3, 4, 12}) {
      EpochOrder order = new EpochOrder(2, 100, 12, microBatchSize, Remainder.KEEP);
      List<Long> step = new ArrayList<>();
      for (int microBatch = 0; microBatch < 12 / microBatchSize; microBatch++) {
        Arrays.stream(order.indices(5, microBatch, microBatchSize)).forEach(step::add);
      }
      assertThat(step)
          .containsExactlyElementsOf(
              Arrays.stream(new EpochOrder(2, 100, 12, 12, Remainder.KEEP).indices(5, 0, 12))
                  .boxed()
                  .toList());
    }
  }

  @Test
  void theRemainderIsDroppedOrMakesAStepWithFewerRows() {
    EpochOrder dropped = new EpochOrder(1, 21, 8, 4, Remainder.DROP);
    EpochOrder kept = new EpochOrder(1, 21, 8, 4, Remainder.KEEP);

    assertThat(dropped.stepsPerEpoch()).isEqualTo(2);
    assertThat(kept.stepsPerEpoch()).isEqualTo(3);
    assertThat(LongStream.range(0, 7).map(dropped::epoch).toArray())
        .containsExactly(0, 0, 1, 1, 2, 2, 3);
    assertThat(LongStream.range(0, 7).map(kept::epoch).toArray())
        .containsExactly(0, 0, 0, 1, 1, 1, 2);
    assertThat(kept.indices(2, 0, 4)).hasSize(4);
    assertThat(kept.indices(2, 1, 4)).hasSize(1);
    assertThat(kept.index(2, 1, 1)).isEqualTo(SampleOrder.NONE).isEqualTo(-1);
    assertThat(new EpochOrder(1, 18, 8, 4, Remainder.KEEP).indices(2, 1, 4)).isEmpty();
    assertThat(EpochOrder.stepsPerEpoch(16, 8, Remainder.KEEP)).isEqualTo(2);
    assertThat(EpochOrder.stepsPerEpoch(3, 8, Remainder.KEEP)).isEqualTo(1);
  }

  @Test
  void aMicroBatchThatDoesNotDivideTheStepLeavesTheLastShorter() {
    EpochOrder order = new EpochOrder(1, 100, 8, 3, Remainder.DROP);
    assertThat(order.indices(0, 2, 3)).hasSize(2);
    assertThat(order.index(0, 0, 3)).isEqualTo(SampleOrder.NONE);
    assertThat(order.indices(0, 3, 3)).isEmpty();
  }

  @Test
  void ordersWithoutAStepAreRefused() {
    assertThatThrownBy(() -> new EpochOrder(1, 7, 8, 4, Remainder.DROP))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "the train split has 7 samples, fewer than training.global-batch-size (8): lower"
                + " training.global-batch-size or set data.drop-last=false");
    assertThatThrownBy(() -> new EpochOrder(1, 7, 0, 4, Remainder.KEEP))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("training.global-batch-size is 0: it must be at least 1");
    assertThatThrownBy(() -> new EpochOrder(1, 7, 4, 0, Remainder.KEEP))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("training.micro-batch-size is 0: it must be at least 1");
    assertThatThrownBy(() -> new RandomOrder(1, 0))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("an order over 0 samples");
    assertThatThrownBy(() -> EpochOrder.stepsPerEpoch(0, 8, Remainder.KEEP))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("an order over 0 samples");
  }

  private static double chiSquare(int[] counts) {
    double expected = (double) Arrays.stream(counts).sum() / counts.length;
    return Arrays.stream(counts).mapToDouble(n -> Math.pow(n - expected, 2) / expected).sum();
  }
}
