package io.sparkformer.train;

import io.sparkformer.collective.Collective;
import io.sparkformer.datasets.sample.SequentialWindows;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.model.Gpt;
import java.io.Serializable;
import java.util.function.LongConsumer;

/** How well a model predicts a text. */
public final class Evaluation {

  private Evaluation() {}

  /**
   * The figures.
   *
   * @param loss mean negative log likelihood of a token, in nats
   * @param tokens tokens that were predicted
   */
  public record Result(double loss, long tokens) implements Serializable {

    /** e^loss. */
    public double perplexity() {
      return Math.exp(loss);
    }

    public double bitsPerToken() {
      return loss / Math.log(2);
    }
  }

  /**
   * Predicts every target of the windows; each counts the same, whatever its window's length.
   *
   * @param windows of contextLength tokens at most
   * @param progress told the number of batches done, after each
   */
  public static Result of(Gpt model, SequentialWindows windows, LongConsumer progress) {
    double sum = 0;
    long tokens = 0;
    long batches = 0;
    for (TokenBatch batch : windows) {
      sum += (double) model.loss(batch) * batch.tokens();
      tokens += batch.tokens();
      progress.accept(++batches);
    }
    return new Result(sum / tokens, tokens);
  }

  /** The same with the work shared among ranks: the same bits for any number of them. */
  static Result shared(Gpt model, SequentialWindows windows, ModelExchange exchange) {
    int batches = Math.toIntExact(windows.batches());
    Collective ranks = exchange.collective();
    float[] losses = exchange.neutral(batches);
    for (int i = ranks.rank(); i < batches; i += ranks.worldSize()) {
      ranks.requireWanted();
      losses[i] = model.loss(windows.batch(i));
    }
    losses = exchange.total(losses);
    double sum = 0;
    long tokens = 0;
    for (int i = 0; i < batches; i++) {
      sum += (double) losses[i] * windows.tokens(i);
      tokens += windows.tokens(i);
    }
    return new Result(sum / tokens, tokens);
  }
}
