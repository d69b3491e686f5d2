package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.datasets.sample.SequentialBatches;
import io.sparkformer.datasets.sample.WindowSamples;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.datasets.tokens.TokenShard;
import io.sparkformer.datasets.tokens.TokenStream;
import io.sparkformer.evaluation.ConfusionMatrix;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.Precision;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class EvaluationTest {

  private static final int VOCAB = 19;
  private static final int CONTEXT = 8;
  private static final ModelConfig CONFIG =
      ModelConfig.gpt2(VOCAB, CONTEXT, 2, 2, 16).withDropout(0.5);

  @TempDir Path directory;

  private Gpt model;

  @BeforeEach
  void makeModelThatIsSureOfItself() {
    model = Gpt.initialized(CONFIG, Precision.FP32, Device.cpu(), 3);
    model.weights().values().forEach(weight -> weight.muli(8));
  }

  @AfterEach
  void closeModel() {
    model.close();
  }

  @Test
  void theLossOfAWholeSplitIsTheMeanOverAllItsTargets() throws IOException {
    int[] tokens = new Random(5).ints(CONTEXT * 13L + 4, 0, VOCAB).toArray();
    double[] losses = lossesWindowByWindow(tokens);
    assertThat(losses).hasSize(tokens.length - 1);

    try (TokenShard shard = shard(tokens)) {
      for (int rows : new int[] {1, 3, 4, 100}) {
        Evaluation.Result result =
            Evaluation.of(model, windows(shard, rows), List.of(), done -> {});

        assertThat(result.targets()).isEqualTo(losses.length);
        assertThat(result.loss())
            .isCloseTo(Arrays.stream(losses).average().orElseThrow(), within(1e-5));
      }
    }
  }

  @Test
  void aShortLastWindowCountsByItsTokens() throws IOException {
    int[] tokens = new Random(6).ints(CONTEXT + 3, 0, VOCAB).toArray();
    try (TokenShard shard = shard(tokens)) {
      SequentialBatches windows = windows(shard, 1);
      double full = TinyRun.loss(model, windows.batch(0));
      double rest = TinyRun.loss(model, windows.batch(1));
      assertThat(Math.abs(full - rest)).isGreaterThan(0.01);

      Evaluation.Result result = Evaluation.of(model, windows, List.of(), done -> {});

      assertThat(result.targets()).isEqualTo(CONTEXT + 2);
      assertThat(result.loss())
          .isCloseTo((full * CONTEXT + rest * 2) / (CONTEXT + 2), within(1e-6));
    }
  }

  @Test
  void progressCountsTheBatches() throws IOException {
    List<Long> progress = new ArrayList<>();
    try (TokenShard shard = shard(new int[CONTEXT * 5 + 2])) {
      Evaluation.of(model, windows(shard, 2), List.of(), progress::add);
    }
    assertThat(progress).isEqualTo(LongStream.rangeClosed(1, 3).boxed().toList());
  }

  @Test
  void perplexityAndBitsFollowFromTheLoss() {
    Evaluation.Result result =
        new Evaluation.Result(Math.log(8), 10, 0.5, new ConfusionMatrix(List.of(), new long[0][0]));
    assertThat(result.perplexity()).isCloseTo(8, within(1e-12));
    assertThat(result.bitsPerToken()).isCloseTo(3, within(1e-12));
  }

  private SequentialBatches windows(TokenShard shard, int rows) {
    return SequentialBatches.over(
        WindowSamples.covering(TokenStream.of("valid", List.of(shard)), CONTEXT), rows);
  }

  private TokenShard shard(int[] tokens) throws IOException {
    try (ShardWriter writer =
        ShardWriter.create(localFiles(), hadoop(directory), "valid", TokenDtype.UINT16)) {
      writer.append(tokens, 0, tokens.length);
      writer.endDocument();
      writer.finish();
    }
    return TokenShard.open(directory.resolve("valid.bin"));
  }

  /** Each target's loss from the logits, in float64. */
  private double[] lossesWindowByWindow(int[] tokens) {
    double[] losses = new double[tokens.length - 1];
    for (int start = 0; start < losses.length; start += CONTEXT) {
      int length = Math.min(CONTEXT, losses.length - start);
      long[] ids = Arrays.stream(tokens, start, start + length).asLongStream().toArray();
      try (NDManager manager = model.manager().newSubManager()) {
        NDArray input = manager.create(ids, new Shape(1, length));
        NDArray lengths = manager.create(new long[] {length});
        float[] logits =
            model.kernels().logits(manager, input, lengths, model.weightList()).toFloatArray();
        for (int t = 0; t < length; t++) {
          double sum = 0;
          for (int id = 0; id < VOCAB; id++) {
            sum += Math.exp(logits[t * VOCAB + id]);
          }
          losses[start + t] = Math.log(sum) - logits[t * VOCAB + tokens[start + t + 1]];
        }
      }
    }
    return losses;
  }
}
