package io.sparkformer.run;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.train.Trainer;

/** Losses, tokens and times of the steps since the last line, and of all. */
final class StepClock {
  private long started;
  private long nanos;
  private long allNanos;
  private double lossSum;
  private long steps;
  private double tokens;
  private double allTokens;

  void start() {
    started = System.nanoTime();
  }

  /**
   * A step is done.
   *
   * @param done what it did
   */
  void stop(Trainer.Step done) {
    long took = System.nanoTime() - started;
    nanos += took;
    allNanos += took;
    lossSum += done.loss();
    tokens += done.tokens();
    allTokens += done.tokens();
    steps++;
  }

  Metric metric(long step, Double epoch, Trainer.Step last) {
    Metric metric =
        new Metric(
            Metric.Event.TRAIN,
            step,
            epoch,
            SplitName.TRAIN,
            lossSum / steps,
            null,
            null,
            null,
            last.learningRate(),
            last.gradNorm(),
            tokens * 1e9 / nanos,
            nanos / 1e6 / steps,
            Metric.now());
    nanos = 0;
    lossSum = 0;
    tokens = 0;
    steps = 0;
    return metric;
  }

  double tokensPerSecond() {
    return allNanos == 0 ? 0 : allTokens * 1e9 / allNanos;
  }
}
