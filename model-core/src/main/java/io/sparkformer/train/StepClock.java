package io.sparkformer.train;

/** Losses and times of the steps since the last line, and of all. */
final class StepClock {
  private final long tokensPerStep;
  private long started;
  private long nanos;
  private long allNanos;
  private double lossSum;
  private long steps;
  private long allSteps;

  StepClock(long tokensPerStep) {
    this.tokensPerStep = tokensPerStep;
  }

  void start() {
    started = System.nanoTime();
  }

  void stop(double loss) {
    long took = System.nanoTime() - started;
    nanos += took;
    allNanos += took;
    lossSum += loss;
    steps++;
    allSteps++;
  }

  Metric metric(long step, Trainer.Step last) {
    Metric metric =
        new Metric(
            Metric.Event.TRAIN,
            step,
            "train",
            lossSum / steps,
            last.learningRate(),
            last.gradNorm(),
            tokensPerStep * steps * 1e9 / nanos,
            nanos / 1e6 / steps);
    nanos = 0;
    lossSum = 0;
    steps = 0;
    return metric;
  }

  double tokensPerSecond() {
    return allSteps == 0 ? 0 : tokensPerStep * allSteps * 1e9 / allNanos;
  }
}
