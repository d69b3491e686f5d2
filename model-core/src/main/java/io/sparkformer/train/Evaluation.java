package io.sparkformer.train;

import io.sparkformer.datasets.sample.SequentialWindows;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.model.Gpt;
import java.util.function.LongConsumer;

/** Placeholder. */
public final class Evaluation {
  private Evaluation() {}

  /** Result. */
  public record Result(double loss, long tokens) {}

  /** Evaluates. */
  public static Result of(Gpt model, SequentialWindows windows, LongConsumer progress) {
    double sum = 0;
    long tokens = 0;
    for (TokenBatch batch : windows) {
      sum += (double) model.loss(batch) * batch.tokens();
      tokens += batch.tokens();
    }
    return new Result(sum / tokens, tokens);
  }
}
