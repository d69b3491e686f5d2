package io.sparkformer.recipe;

import com.fasterxml.jackson.annotation.JsonProperty;

/**
 * When to measure both splits, and what follows from it; a recipe's section {@code evaluation}.
 *
 * @param interval between two evaluations; one more is made at the end
 * @param per what it counts
 * @param batches micro-batch-sized batches of each split, evenly spaced; 0 for the whole valid
 *     split and as many batches of the train split
 * @param monitor what decides which model is best, on the valid split
 * @param best whether less or more is better
 * @param patience evaluations in a row without a better one after which training stops; 0 for never
 * @param minDelta by how much a better one must be so for patience
 */
public record EvaluationConfig(
    int interval,
    IntervalUnit per,
    int batches,
    Monitor monitor,
    Best best,
    int patience,
    double minDelta) {

  /** A figure of an evaluation. */
  public enum Monitor {
    @JsonProperty("loss")
    LOSS,
    @JsonProperty("accuracy")
    ACCURACY,
    @JsonProperty("macro-precision")
    MACRO_PRECISION,
    @JsonProperty("macro-recall")
    MACRO_RECALL,
    @JsonProperty("macro-f1")
    MACRO_F1,
    @JsonProperty("weighted-f1")
    WEIGHTED_F1;

    /** Whether only classifiers have it. */
    boolean ofClasses() {
      return this != LOSS && this != ACCURACY;
    }

    /** Its name in recipes. */
    public String label() {
      return name().toLowerCase(java.util.Locale.ROOT).replace('_', '-');
    }
  }

  /** Which way is better. */
  public enum Best {
    /** Less of a loss, more of anything else. */
    @JsonProperty("auto")
    AUTO,
    @JsonProperty("min")
    MIN,
    @JsonProperty("max")
    MAX
  }

  public EvaluationConfig {
    Recipe.atLeast("evaluation.interval", interval, 1);
    Recipe.atLeast("evaluation.batches", batches, 0);
    Recipe.atLeast("evaluation.patience", patience, 0);
    Recipe.notNegative("evaluation.min-delta", minDelta);
  }

  /** Which way is better, said outright. */
  public Best direction() {
    Best own = monitor == Monitor.LOSS ? Best.MIN : Best.MAX;
    return best == Best.AUTO ? own : best;
  }

  private boolean lessIsBetter() {
    return direction() == Best.MIN;
  }

  /** What any value is better than. */
  public double worst() {
    return lessIsBetter() ? Double.POSITIVE_INFINITY : Double.NEGATIVE_INFINITY;
  }

  public boolean isBetter(double value, double than) {
    return lessIsBetter() ? value < than : value > than;
  }

  /** Whether it is so much better that it is worth going on. */
  public boolean isProgress(double value, double than) {
    return isBetter(value, than + (lessIsBetter() ? -minDelta : minDelta));
  }
}
