package io.sparkformer.train;

/**
 * How a run stands by its evaluations: the same in all ranks, which end together, but for what is
 * kept, which the first alone knows.
 */
final class Standing {

  private final EvaluationPlan plan;
  private double best;
  private double bestSeen;
  private long evaluationsSinceBest;

  private Standing(EvaluationPlan plan) {
    this.plan = plan;
    this.best = plan.worst();
    this.bestSeen = plan.worst();
  }

  static Standing of(EvaluationPlan plan) {
    return new Standing(plan);
  }

  /**
   * Takes in an evaluation of the valid split.
   *
   * @return whether it is better than that of the model that is kept
   */
  boolean add(Evaluation.Result result) {
    double value = plan.monitor().of(result);
    evaluationsSinceBest = plan.isProgress(value, bestSeen) ? 0 : evaluationsSinceBest + 1;
    bestSeen = evaluationsSinceBest == 0 ? value : bestSeen;
    return plan.isBetter(value, best);
  }

  /** The model of this evaluation is kept as the best. */
  void keep(Evaluation.Result result) {
    best = plan.monitor().of(result);
  }

  /** Whether nothing became better for too long. */
  boolean isHopeless() {
    return plan.patience() > 0 && evaluationsSinceBest >= plan.patience();
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
  void agree(ModelExchange exchange) {
    best = Double.longBitsToDouble(exchange.gather(Double.doubleToRawLongBits(best))[0]);
    bestSeen = Double.longBitsToDouble(exchange.gather(Double.doubleToRawLongBits(bestSeen))[0]);
    evaluationsSinceBest = exchange.gather(evaluationsSinceBest)[0];
  }
}
