package io.sparkformer.datasets.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.TokenStream;
import io.sparkformer.datasets.shard.ShardWriter;
import io.sparkformer.datasets.shard.TokenDtype;
import io.sparkformer.datasets.shard.TokenShard;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BatchesTest {

  @TempDir java.nio.file.Path directory;

  private final FileSystem fileSystem =
      Storage.fileSystem(new Path("file:///"), new Configuration());

  @Test
  void startsAreUniformOverAllWindowsIncludingTheFirstAndTheLast() {
    WindowSampler sampler = new WindowSampler(1337, 20, 9);
    int[] counts = new int[11];
    int draws = 110_000;
    for (int i = 0; i < draws; i++) {
      counts[(int) sampler.start(i / 100, i % 10, i % 100 / 10)]++;
    }
    double chiSquare = 0;
    for (int count : counts) {
      chiSquare += Math.pow(count - draws / 11.0, 2) / (draws / 11.0);
    }
    // 10 degrees of freedom: above 29.6 with probability 0.001.
    assertThat(chiSquare).isLessThan(29.6);
  }

  @Test
  void startsOfHugeStreamsReachTheirWholeRange() {
    long length = 3_000_000_000_000L;
    WindowSampler sampler = new WindowSampler(7, length, 1024);
    double sum = 0;
    long largest = 0;
    for (int step = 0; step < 10_000; step++) {
      long start = sampler.start(step, 0, 0);
      assertThat(start).isBetween(0L, length - 1025);
      sum += start;
      largest = Math.max(largest, start);
    }
    assertThat(sum / 10_000 / length).isCloseTo(0.5, within(0.012));
    assertThat(largest).isGreaterThan(length / 1000 * 998);
  }

  @Test
  void startsDifferInEveryCoordinateAndRepeatForTheSame() {
    WindowSampler sampler = new WindowSampler(7, 1L << 40, 16);
    Set<Long> starts = new HashSet<>();
    for (int a = 0; a < 20; a++) {
      for (int b = 0; b < 20; b++) {
        for (int c = 0; c < 20; c++) {
          starts.add(sampler.start(a, b, c));
        }
      }
    }
    assertThat(starts).hasSize(8_000);
    assertThat(new WindowSampler(7, 1L << 40, 16).start(3, 4, 5)).isEqualTo(sampler.start(3, 4, 5));
    assertThat(new WindowSampler(8, 1L << 40, 16).start(3, 4, 5))
        .isNotEqualTo(sampler.start(3, 4, 5));
  }

  @Test
  void aStreamOfExactlyOneWindowHasOneStart() throws Exception {
    TokenStream stream = counting(9);
    WindowSampler sampler = WindowSampler.over(stream, 8, 1);
    TokenBatch batch = TokenBatch.sampled(stream, sampler, 5, 0, 2);
    assertThat(batch.inputs()).containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 0, 1, 2, 3, 4, 5, 6, 7);
    assertThat(batch.targets()).containsExactly(1, 2, 3, 4, 5, 6, 7, 8, 1, 2, 3, 4, 5, 6, 7, 8);
    assertThat(batch.tokens()).isEqualTo(16);
  }

  @Test
  void aStreamShorterThanAWindowIsRefusedWithBothNumbers() throws Exception {
    TokenStream stream = counting(8);
    assertThatThrownBy(() -> WindowSampler.over(stream, 8, 1))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "split 'train' has 8 tokens, but model.context-length 8 needs at least 9:"
                + " use a shorter context-length, or more text");
    assertThatThrownBy(() -> new WindowSampler(1, 8, 8))
        .hasMessageStartingWith("the split has 8 tokens");
    assertThatThrownBy(() -> new WindowSampler(1, 8, 0))
        .hasMessage("model.context-length is 0: it must be at least 1");
  }

  @Test
  void sequentialWindowsPredictEveryTokenButTheFirstExactlyOnce() throws Exception {
    for (int length : new int[] {2, 3, 8, 9, 10, 16, 17, 25, 26, 40, 41, 100}) {
      List<Long> targets = new ArrayList<>();
      for (TokenBatch batch : SequentialWindows.over(counting(length), 3, 8)) {
        assertThat(batch.rows()).isBetween(1, 3);
        for (int i = 0; i < batch.tokens(); i++) {
          assertThat(batch.targets()[i]).isEqualTo(batch.inputs()[i] + 1);
          targets.add(batch.targets()[i]);
        }
      }
      assertThat(targets)
          .containsExactly(IntStream.range(1, length).mapToObj(i -> (long) i).toArray(Long[]::new));
    }
  }

  @Test
  void theLastShortWindowIsABatchOfItsOwn() throws Exception {
    List<String> shapes = new ArrayList<>();
    for (TokenBatch batch : SequentialWindows.over(counting(1 + 4 * 8 + 5), 3, 8)) {
      shapes.add(batch.rows() + "x" + batch.contextLength());
    }
    assertThat(shapes).containsExactly("3x8", "1x8", "1x5");
  }

  @Test
  void evenlySpacedBatchesSpreadOverTheStreamAndRepeat() throws Exception {
    SequentialWindows all = SequentialWindows.over(counting(1 + 100 * 4), 1, 4);
    SequentialWindows some = all.evenlySpaced(5);
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
  void aStreamWithNothingToPredictIsRefused() throws Exception {
    TokenStream stream = counting(1);
    assertThatThrownBy(() -> SequentialWindows.over(stream, 3, 8))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "split 'train' has 1 tokens, evaluation needs at least 2: use another split, or more text");
    assertThatThrownBy(() -> SequentialWindows.over(stream, 0, 8))
        .hasMessage("batches of 0 x 8 tokens: both must be at least 1");
    assertThatThrownBy(() -> SequentialWindows.over(TokenStream.of("valid", List.of()), 3, 8))
        .hasMessageStartingWith("split 'valid' has 0 tokens");
  }

  @Test
  void batchesOfInconsistentShapeAreRefused() {
    assertThatThrownBy(() -> new TokenBatch(new long[5], new long[6], 2, 3))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessage("a batch of 2 x 3 tokens has 5 inputs and 6 targets");
  }

  /** A stream of 0, 1, 2, ... in shards of 10. */
  private TokenStream counting(int length) throws Exception {
    List<TokenShard> shards = new ArrayList<>();
    for (int start = 0; start < length; start += 10) {
      int[] tokens = IntStream.range(start, Math.min(length, start + 10)).toArray();
      String name = "count-" + length + "-" + start;
      try (ShardWriter writer =
          ShardWriter.create(fileSystem, new Path(directory.toUri()), name, TokenDtype.UINT16)) {
        writer.append(tokens, 0, tokens.length);
        writer.endDocument();
        writer.finish();
      }
      shards.add(TokenShard.open(directory.resolve(name + ".bin")));
    }
    return TokenStream.of("train", shards);
  }
}
