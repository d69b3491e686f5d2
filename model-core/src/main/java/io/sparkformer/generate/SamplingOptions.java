package io.sparkformer.generate;

import static io.sparkformer.datasets.InvalidInputException.require;

/**
 * How continuations of a prompt are chosen.
 *
 * @param maxNewTokens tokens of a continuation, at least 1; an end-of-text token ends it earlier
 * @param choice drawn at random, or always the most likely token
 * @param temperature divides the logits before a draw: below 1 likely tokens gain, above 1 unlikely
 *     ones
 * @param topK only this many of the most likely tokens are drawn from; 0 for all
 * @param topP only the smallest set of most likely tokens that together have this probability is
 *     drawn from, above 0; 1 for all
 * @param seed decides the draws together with the sample's number
 * @param numSamples continuations, each with draws of its own
 */
public record SamplingOptions(
    int maxNewTokens,
    Choice choice,
    double temperature,
    int topK,
    double topP,
    long seed,
    int numSamples)
    implements java.io.Serializable {

  /** What is done with the probabilities of the next token. */
  public enum Choice {
    DRAWN,
    MOST_LIKELY
  }

  public SamplingOptions {
    require(maxNewTokens > 0, "--max-new-tokens is %d: it must be at least 1", maxNewTokens);
    require(
        temperature > 0 && temperature < Double.POSITIVE_INFINITY,
        "--temperature is %s: it must be above 0; for the most likely tokens use --greedy",
        temperature);
    require(topK >= 0, "--top-k is %d: it must be at least 1, or 0 for all tokens", topK);
    require(topP > 0 && topP <= 1, "--top-p is %s: it must be above 0 and at most 1", topP);
    require(numSamples > 0, "--num-samples is %d: it must be at least 1", numSamples);
  }
}
