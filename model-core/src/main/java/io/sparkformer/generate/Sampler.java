package io.sparkformer.generate;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.generate.SamplingOptions.Choice;
import java.util.SplittableRandom;
import java.util.function.IntUnaryOperator;
import java.util.random.RandomGenerator;

/**
 * Chooses the next token of one sample.
 *
 * <p>In the order of nanoGPT and of HuggingFace's generate: logits are divided by the temperature;
 * top-k keeps the k largest, and those equal to the smallest of them; top-p (Holtzman et al. 2020,
 * arXiv:1904.09751) keeps of these, with their probabilities made to sum to 1 again, the smallest
 * set that reaches p, at least one token; the draw is from what is left. Softmax is in float64,
 * relative to the largest logit.
 *
 * <p>The draws are a pure function of (seed, sample) where a prompt is continued several times, and
 * of (seed, prompt) where many prompts are, once each: neither the number of samples nor what the
 * others draw has a part in them.
 */
public final class Sampler {

  private static final long GOLDEN_GAMMA = 0x9E3779B97F4A7C15L;

  private final SamplingOptions options;
  private final RandomGenerator random;

  private Sampler(SamplingOptions options, RandomGenerator random) {
    this.options = options;
    this.random = random;
  }

  /**
   * The sampler of a sample.
   *
   * @param sample from 0 to numSamples - 1
   */
  public static Sampler of(SamplingOptions options, int sample) {
    // A draw from the seed's generator, so that (seed, sample + 1) and (seed + 1, sample) differ.
    long mixed = new SplittableRandom(options.seed()).nextLong() + sample * GOLDEN_GAMMA;
    return new Sampler(options, new SplittableRandom(new SplittableRandom(mixed).nextLong()));
  }

  /**
   * The sampler of a prompt among others.
   *
   * <p>Its tokens are the key since they are all that a row keeps wherever it stands: its place in
   * a table, or a count of equal prompts before it, would change with the table's partitions. So
   * equal prompts get equal texts; another seed gives another text.
   *
   * @param prompt token ids
   */
  static Sampler ofPrompt(SamplingOptions options, int[] prompt) {
    long mixed = new SplittableRandom(options.seed()).nextLong();
    for (int id : prompt) {
      mixed = new SplittableRandom(mixed + id).nextLong();
    }
    return new Sampler(options, new SplittableRandom(mixed));
  }

  /**
   * The id of the next token; of equally likely ones, the most likely choice is the lowest id.
   *
   * @param logits one per token id; stay the caller's, unchanged; minus infinity is never drawn
   * @throws io.sparkformer.datasets.InvalidInputException if the largest is not a number
   */
  public int pick(float[] logits) {
    int best = mostLikely(logits);
    if (options.choice() == Choice.MOST_LIKELY) {
      return best;
    }
    double[] weights = new double[logits.length];
    for (int id = 0; id < weights.length; id++) {
      weights[id] = Math.exp(((double) logits[id] - logits[best]) / options.temperature());
    }
    boolean cut = (options.topK() > 0 && options.topK() < logits.length) || options.topP() < 1;
    return cut ? drawFromMostLikely(logits, weights) : draw(weights, id -> id, weights.length);
  }

  private static int mostLikely(float[] logits) {
    int best = 0;
    for (int id = 0; id < logits.length; id++) {
      // NaN compares as false: it must not go unseen.
      if (!(logits[id] <= logits[best])) {
        best = id;
      }
      if (Float.isNaN(logits[best])) {
        break;
      }
    }
    require(
        Float.isFinite(logits[best]),
        "the model's output is %s where a finite number is due: its weights are damaged or its training diverged;"
            + " use another checkpoint",
        logits[best]);
    return best;
  }

  private int drawFromMostLikely(float[] logits, double[] weights) {
    Ranking ranking = Ranking.of(logits);
    int kept = topK(logits, ranking);
    return draw(weights, ranking::id, topP(weights, ranking, kept));
  }

  private int topK(float[] logits, Ranking ranking) {
    int kept = options.topK();
    if (kept == 0 || kept >= logits.length) {
      return logits.length;
    }
    float smallest = logits[ranking.id(kept - 1)];
    while (kept < logits.length && logits[ranking.id(kept)] == smallest) {
      kept++;
    }
    return kept;
  }

  private int topP(double[] weights, Ranking ranking, int candidates) {
    if (options.topP() == 1) {
      return candidates;
    }
    // Over all tokens, the order does not matter and need not be found.
    IntUnaryOperator order = candidates == weights.length ? id -> id : ranking::id;
    double wanted = options.topP() * sum(weights, order, candidates);
    int kept = 0;
    for (double reached = 0; kept < candidates && reached < wanted; kept++) {
      reached += weights[ranking.id(kept)];
    }
    return kept;
  }

  private int draw(double[] weights, IntUnaryOperator order, int candidates) {
    double point = random.nextDouble() * sum(weights, order, candidates);
    int drawn = order.applyAsInt(0);
    for (int i = 0; i < candidates && point >= 0; i++) {
      int id = order.applyAsInt(i);
      // Rounding may leave a point behind the last token: it must not fall on an impossible one.
      if (weights[id] > 0) {
        drawn = id;
        point -= weights[id];
      }
    }
    return drawn;
  }

  private static double sum(double[] weights, IntUnaryOperator order, int count) {
    double sum = 0;
    for (int i = 0; i < count; i++) {
      sum += weights[order.applyAsInt(i)];
    }
    return sum;
  }
}
