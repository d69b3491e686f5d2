package io.sparkformer.run;

import io.sparkformer.recipe.EvaluationConfig;
import io.sparkformer.train.GradientAllReduce;

/**
 * When a run ends before its last step, and which model is its best: the same in all ranks, which
 * end together, but for what is kept, which the first alone knows.
 */
final class EarlyStopping {

  private final EvaluationConfig config;
  private double best;
  private double bestSeen;
  private long evaluationsSinceBest;

  private EarlyStopping(EvaluationConfig config) {
    this.config = config;
    this.best = config.worst();
    this.bestSeen = config.worst();
  }

  static EarlyStopping of(EvaluationConfig config) {
    return new EarlyStopping(config);
  }

  /**
   * Takes in an evaluation of the split that is monitored.
   *
   * @return whether it is better than that of the model that is kept
   */
  boolean add(Evaluation.Result result) {
    double value = result.figure(config.monitor());
    evaluationsSinceBest = config.isProgress(value, bestSeen) ? 0 : evaluationsSinceBest + 1;
    bestSeen = evaluationsSinceBest == 0 ? value : bestSeen;
    return config.isBetter(value, best);
  }

  /** The model of this evaluation is kept as the best. */
  void keep(Evaluation.Result result) {
    best = result.figure(config.monitor());
  }

  /** Whether nothing became better for too long. */
  boolean isDue() {
    return config.patience() > 0 && evaluationsSinceBest >= config.patience();
  }

  /** The monitored figure of the model that is kept as the best. */
  double best() {
    return best;
  }

  RunState.Bests snapshot() {
    return new RunState.Bests(best, bestSeen, evaluationsSinceBest);
  }

  void restore(RunState.Bests before) {
    best = before.best();
    bestSeen = before.bestSeen();
    evaluationsSinceBest = before.evaluationsSinceBest();
  }

  /** Gives every rank the first one's. */
  void agree(GradientAllReduce allReduce) {
    best = Double.longBitsToDouble(allReduce.gather(Double.doubleToRawLongBits(best))[0]);
    bestSeen = Double.longBitsToDouble(allReduce.gather(Double.doubleToRawLongBits(bestSeen))[0]);
    evaluationsSinceBest = allReduce.gather(evaluationsSinceBest)[0];
  }
}
