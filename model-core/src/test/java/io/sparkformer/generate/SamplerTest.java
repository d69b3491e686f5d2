package io.sparkformer.generate;

import static io.sparkformer.generate.SamplingOptions.Choice.DRAWN;
import static io.sparkformer.generate.SamplingOptions.Choice.MOST_LIKELY;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.generate.SamplingOptions.Choice;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/** Frequencies of draws beside the exact distributions, computed here by sorting everything. */
class SamplerTest {

  private static final int DRAWS = 200_000;
  private static final float[] LOGITS = {
    1.5f, -0.5f, 3f, 0f, 2.25f, 2.25f, -4f, 1f, 2f, Float.NEGATIVE_INFINITY
  };

  @Test
  void temperatureGivesTheSoftmaxOfTheDividedLogits() {
    for (double temperature : new double[] {0.5, 1, 2}) {
      assertFrequencies(options(temperature, 0, 1));
    }
  }

  @Test
  void topKDrawsFromTheMostLikelyAlone() {
    for (int topK : new int[] {1, 3, 4, 9, 10, 50}) {
      assertFrequencies(options(1, topK, 1));
    }
  }

  @Test
  void topPDrawsFromTheSmallestSetThatReachesIt() {
    for (double topP : new double[] {1e-9, 0.5, 0.8, 0.95, 0.999}) {
      assertFrequencies(options(1, 0, topP));
    }
  }

  @Test
  void temperatureTopKAndTopPActOneAfterTheOther() {
    assertFrequencies(options(1.7, 5, 0.7));
    assertFrequencies(options(0.6, 8, 0.9));
  }

  @Test
  void tokensEqualToTheLastOfTopKStayInTheDraw() {
    Set<Integer> drawn = new HashSet<>();
    Sampler sampler = Sampler.of(options(1, 2, 1), 0);
    for (int i = 0; i < 1000; i++) {
      drawn.add(sampler.pick(new float[] {1, 2, 1, 1, 0}));
    }
    assertThat(drawn).containsExactlyInAnyOrder(0, 1, 2, 3);
  }

  @Test
  void topPNeedsExactlyReachItsProbability() {
    // Probabilities 1/2, 1/4, 1/4: the first alone reaches a half.
    float[] logits = {(float) Math.log(2), 0, 0};
    Sampler half = Sampler.of(options(1, 0, 0.4999), 0);
    assertThat(IntStream.range(0, 500).map(i -> half.pick(logits)).distinct().toArray())
        .containsExactly(0);
    Sampler more = Sampler.of(options(1, 0, 0.74), 0);
    assertThat(IntStream.range(0, 500).map(i -> more.pick(logits)).distinct().sorted().toArray())
        .containsExactly(0, 1);
  }

  @Test
  void largeVocabulariesAreRankedAsBySorting() {
    Random random = new Random(1);
    float[] logits = new float[50_257];
    for (int id = 0; id < logits.length; id++) {
      logits[id] = Math.round(random.nextGaussian() * 300) / 100f; // with many equal ones
    }
    Ranking ranking = Ranking.of(logits);
    assertThat(IntStream.range(0, 5000).map(ranking::id).toArray())
        .isEqualTo(Arrays.copyOf(sorted(logits), 5000));
    assertThat(ranking.id(logits.length - 1)).isEqualTo(sorted(logits)[logits.length - 1]);
    assertThat(ranking.id(7)).isEqualTo(sorted(logits)[7]);
  }

  @Test
  void theMostLikelyTokenIsTheLowestIdOfEqualOnes() {
    SamplingOptions greedy = new SamplingOptions(1, MOST_LIKELY, 1, 0, 1, 0, 1);
    assertThat(Sampler.of(greedy, 0).pick(new float[] {0, 5, -1, 5})).isEqualTo(1);
  }

  @Test
  void aTinyTemperatureIsGreedyAndAHugeOneUniform() {
    Sampler cold = Sampler.of(options(1e-300, 0, 1), 0);
    assertThat(IntStream.range(0, 100).map(i -> cold.pick(LOGITS)).distinct().toArray())
        .containsExactly(2);
    Sampler hot = Sampler.of(options(1e300, 0, 1), 0);
    assertThat(IntStream.range(0, 1000).map(i -> hot.pick(LOGITS)).distinct().sorted().toArray())
        .containsExactly(0, 1, 2, 3, 4, 5, 6, 7, 8);
  }

  @Test
  void drawsAreAFunctionOfSeedAndSample() {
    assertThat(draws(7, 0)).isEqualTo(draws(7, 0));
    Set<List<Integer>> different = new HashSet<>();
    for (long seed : new long[] {0, 1, 2, -1, Long.MAX_VALUE}) {
      for (int sample = 0; sample < 5; sample++) {
        different.add(draws(seed, sample));
      }
    }
    assertThat(different).hasSize(25);
  }

  @Test
  void firstDrawsOfManySamplesFollowTheDistributionToo() {
    SamplingOptions options = options(1, 0, 1);
    long[] counts = new long[LOGITS.length];
    for (int sample = 0; sample < DRAWS; sample++) {
      counts[Sampler.of(options, sample).pick(LOGITS)]++;
    }
    assertClose(counts, exact(options));
  }

  @Test
  void firstDrawsOfManyPromptsFollowTheDistributionToo() {
    SamplingOptions options = options(1, 0, 1);
    long[] counts = new long[LOGITS.length];
    for (int prompt = 0; prompt < DRAWS; prompt++) {
      counts[Sampler.ofPrompt(options, new int[] {7, prompt / 500, prompt % 500}).pick(LOGITS)]++;
    }
    assertClose(counts, exact(options));
  }

  @Test
  void anOutputThatIsNoNumberIsRefused() {
    for (Choice choice : Choice.values()) {
      SamplingOptions options = new SamplingOptions(1, choice, 1, 0, 1, 0, 1);
      for (float[] logits :
          new float[][] {
            {1, Float.NaN, 2},
            {Float.NaN, 1},
            {0, Float.POSITIVE_INFINITY},
            {Float.NEGATIVE_INFINITY, Float.NEGATIVE_INFINITY}
          }) {
        assertThatThrownBy(() -> Sampler.of(options, 0).pick(logits))
            .isInstanceOf(InvalidInputException.class)
            .hasMessageContaining("where a finite number is due")
            .hasMessageContaining("use another checkpoint");
      }
    }
  }

  @Test
  void optionsOutsideTheirRangeAreRefusedWithWhatIsAllowed() {
    assertRefused("--max-new-tokens is 0: it must be at least 1", 0, 1, 0, 1, 1);
    assertRefused(
        "--temperature is 0.0: it must be above 0; for the most likely tokens use --greedy",
        1,
        0,
        0,
        1,
        1);
    assertRefused(
        "--temperature is NaN: it must be above 0; for the most likely tokens use --greedy",
        1,
        Double.NaN,
        0,
        1,
        1);
    assertRefused(
        "--temperature is Infinity: it must be above 0; for the most likely tokens use --greedy",
        1,
        Double.POSITIVE_INFINITY,
        0,
        1,
        1);
    assertRefused("--top-k is -1: it must be at least 1, or 0 for all tokens", 1, 1, -1, 1, 1);
    assertRefused("--top-p is 0.0: it must be above 0 and at most 1", 1, 1, 0, 0, 1);
    assertRefused("--top-p is 1.5: it must be above 0 and at most 1", 1, 1, 0, 1.5, 1);
    assertRefused("--num-samples is 0: it must be at least 1", 1, 1, 0, 1, 0);
  }

  private static void assertRefused(
      String message, int maxNewTokens, double temperature, int topK, double topP, int samples) {
    assertThatThrownBy(
            () -> new SamplingOptions(maxNewTokens, DRAWN, temperature, topK, topP, 0, samples))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message);
  }

  private static SamplingOptions options(double temperature, int topK, double topP) {
    return new SamplingOptions(1, DRAWN, temperature, topK, topP, 42, 1);
  }

  private static List<Integer> draws(long seed, int sample) {
    Sampler sampler = Sampler.of(new SamplingOptions(1, DRAWN, 1, 0, 1, seed, 1), sample);
    return IntStream.range(0, 50).mapToObj(i -> sampler.pick(LOGITS)).toList();
  }

  private static void assertFrequencies(SamplingOptions options) {
    Sampler sampler = Sampler.of(options, 0);
    long[] counts = new long[LOGITS.length];
    for (int i = 0; i < DRAWS; i++) {
      counts[sampler.pick(LOGITS)]++;
    }
    assertClose(counts, exact(options));
  }

  /** Each within 4.5 standard deviations of its expectation, and never where it cannot be. */
  private static void assertClose(long[] counts, double[] expected) {
    for (int id = 0; id < counts.length; id++) {
      double p = expected[id];
      assertThat((double) counts[id] / DRAWS)
          .as("token %d", id)
          .isCloseTo(p, within(4.5 * Math.sqrt(p * (1 - p) / DRAWS)));
    }
  }

  private static double[] exact(SamplingOptions options) {
    double[] p = new double[LOGITS.length];
    for (int id = 0; id < p.length; id++) {
      p[id] = Math.exp(LOGITS[id] / options.temperature());
    }
    int[] order = sorted(LOGITS);
    for (int rank = 0; rank < p.length; rank++) {
      boolean beyond = options.topK() > 0 && rank >= options.topK();
      if (beyond && LOGITS[order[rank]] < LOGITS[order[options.topK() - 1]]) {
        p[order[rank]] = 0;
      }
    }
    normalize(p);
    double before = 0;
    for (int id : order) {
      double own = p[id];
      p[id] = before >= options.topP() ? 0 : own;
      before += own;
    }
    normalize(p);
    return p;
  }

  private static void normalize(double[] p) {
    double sum = Arrays.stream(p).sum();
    Arrays.setAll(p, id -> p[id] / sum);
  }

  private static int[] sorted(float[] logits) {
    return IntStream.range(0, logits.length)
        .boxed()
        .sorted(Comparator.comparing((Integer id) -> -logits[id]).thenComparing(id -> id))
        .mapToInt(Integer::intValue)
        .toArray();
  }
}
