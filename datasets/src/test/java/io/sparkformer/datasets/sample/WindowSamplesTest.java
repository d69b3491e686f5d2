package io.sparkformer.datasets.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokens.TokenStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class WindowSamplesTest {

  @TempDir Path directory;

  @Test
  void aSampleOfEveryStartBeginsAtItsNumber() throws Exception {
    WindowSamples samples = WindowSamples.everyStart(counting(25), 8);
    assertThat(samples.size()).isEqualTo(17);
    TokenBatch batch = samples.batch(new long[] {16, 0});
    assertThat(batch.inputs())
        .containsExactly(16, 17, 18, 19, 20, 21, 22, 23, 0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(batch.targets())
        .containsExactly(17, 18, 19, 20, 21, 22, 23, 24, 1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(batch.lengths()).containsExactly(8, 8);
    assertThat(batch.isPadded()).isFalse();
  }

  @Test
  void aStreamOfExactlyOneWindowHasOneSample() throws Exception {
    TokenStream stream = counting(9);
    WindowSamples samples = WindowSamples.everyStart(stream, 8);
    assertThat(samples.size()).isEqualTo(1);
    assertThat(WindowSamples.sideBySide(stream, 8).size()).isEqualTo(1);
    TokenBatch batch = samples.batch(new RandomOrder(1, samples.size()).indices(5, 0, 2));
    assertThat(batch.inputs()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(batch.targets()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(batch.tokens()).isEqualTo(16);
  }

  @Test
  void windowsSideBySideAreFullOnes() throws Exception {
    WindowSamples samples = WindowSamples.sideBySide(counting(1 + 3 * 8 + 7), 8);
    assertThat(samples.size()).isEqualTo(3);
    TokenBatch batch = samples.batch(new long[] {2});
    assertThat(batch.inputs()).containsExactly(16, 17, 18, 19, 20, 21, 22, 23);
    assertThatThrownBy(() -> samples.batch(new long[] {3}))
        .isInstanceOf(IndexOutOfBoundsException.class);
    assertThatThrownBy(() -> samples.batch(new long[] {-1}))
        .isInstanceOf(IndexOutOfBoundsException.class);
  }

  @Test
  void aStreamShorterThanAWindowIsRefusedWithBothNumbers() throws Exception {
    TokenStream stream = counting(8);
    String message =
        "split 'train' has 8 tokens, but model.context-length 8 needs at least 9:"
            + " use a shorter context-length, or more text";
    assertThatThrownBy(() -> WindowSamples.everyStart(stream, 8))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message);
    assertThatThrownBy(() -> WindowSamples.sideBySide(stream, 8))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message);
    assertThatThrownBy(() -> WindowSamples.everyStart(stream, 0))
        .hasMessage("model.context-length is 0: it must be at least 1");
    assertThatThrownBy(() -> WindowSamples.covering(stream, 0))
        .hasMessage("model.context-length is 0: it must be at least 1");
  }

  @Test
  void aStreamWithNothingToPredictIsRefused() throws Exception {
    TokenStream stream = counting(1);
    assertThatThrownBy(() -> WindowSamples.covering(stream, 8))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "split 'train' has 1 tokens, evaluation needs at least 2: use another split, or more text");
    assertThatThrownBy(() -> WindowSamples.covering(TokenStream.of("valid", List.of()), 8))
        .hasMessageStartingWith("split 'valid' has 0 tokens");
  }

  @Test
  void coveringWindowsPredictEveryTokenButTheFirstExactlyOnce() throws Exception {
    for (int length : new int[] {2, 3, 8, 9, 10, 16, 17, 25, 26, 40, 41, 100}) {
      List<Long> targets = new ArrayList<>();
      for (TokenBatch batch :
          SequentialBatches.over(WindowSamples.covering(counting(length), 8), 3)) {
        assertThat(batch.rows()).isBetween(1, 3);
        for (int row = 0; row < batch.rows(); row++) {
          for (int i = 0; i < batch.lengths()[row]; i++) {
            int at = row * batch.contextLength() + i;
            assertThat(batch.targets()[at]).isEqualTo(batch.inputs()[at] + 1);
            targets.add(batch.targets()[at]);
          }
        }
      }
      assertThat(targets)
          .containsExactly(IntStream.range(1, length).mapToObj(i -> (long) i).toArray(Long[]::new));
    }
  }

  @Test
  void theLastShortWindowIsPaddedInTheLastBatch() throws Exception {
    SequentialBatches batches =
        SequentialBatches.over(WindowSamples.covering(counting(1 + 4 * 8 + 5), 8), 3);
    List<String> shapes = new ArrayList<>();
    batches.forEach(batch -> shapes.add(batch.rows() + "x" + batch.contextLength()));
    assertThat(shapes).containsExactly("3x8", "2x8");
    TokenBatch last = batches.batch(1);
    assertThat(last.lengths()).containsExactly(8, 5);
    assertThat(last.inputs())
        .containsExactly(24, 25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 0, 0, 0);
    assertThat(last.targets())
        .containsExactly(25, 26, 27, 28, 29, 30, 31, 32, 33, 34, 35, 36, 37, -100, -100, -100);
    assertThat(last.isPadded()).isTrue();
    assertThat(last.tokens()).isEqualTo(13);
  }

  @Test
  void aBatchOfTheRemainderAloneIsNotPadded() throws Exception {
    WindowSamples samples = WindowSamples.covering(counting(1 + 8 + 5), 8);
    TokenBatch batch = samples.batch(new long[] {1});
    assertThat(batch.inputs()).containsExactly(8, 9, 10, 11, 12);
    assertThat(batch.targets()).containsExactly(9, 10, 11, 12, 13);
  }

  @Test
  void evenlySpacedBatchesSpreadOverTheStreamAndRepeat() throws Exception {
    SequentialBatches all =
        SequentialBatches.over(WindowSamples.covering(counting(1 + 100 * 4), 4), 1);
    SequentialBatches some = all.evenlySpaced(5);
    assertThat(some.batches()).isEqualTo(5);
    List<Long> firsts = new ArrayList<>();
    some.forEach(batch -> firsts.add(batch.inputs()[0]));
    assertThat(firsts).containsExactly(40L, 120L, 200L, 280L, 360L);
    assertThat(all.evenlySpaced(1_000).batches()).isEqualTo(all.batches()).isEqualTo(100);
    assertThatThrownBy(() -> all.evenlySpaced(0))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("evaluation of 0 batches: it must be at least 1");
  }

  @Test
  void batchesWithoutRowsAreRefused() throws Exception {
    WindowSamples samples = WindowSamples.covering(counting(20), 8);
    assertThatThrownBy(() -> SequentialBatches.over(samples, 0))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("batches of 0 rows: it must be at least 1");
    assertThatThrownBy(() -> samples.batch(new long[0]))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a batch of no samples");
  }

  @Test
  void batchesOfInconsistentShapeAreRefused() {
    assertThatThrownBy(() -> TokenBatch.full(new long[5], new long[6], 2, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a batch of 2 x 3 tokens has 5 inputs, 6 targets and 2 lengths");
  }

  private TokenStream counting(int length) throws Exception {
    return CountingStream.write(directory, length);
  }
}
