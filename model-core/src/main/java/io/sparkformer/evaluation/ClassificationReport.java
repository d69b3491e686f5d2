package io.sparkformer.evaluation;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.function.ToDoubleFunction;

/**
 * How well each label is recognized, with the meaning that scikit-learn's {@code
 * classification_report} gives to the words: 0 where a denominator is 0.
 *
 * @param labels in the order of the confusion matrix
 * @param macroAverage the plain mean over the labels
 * @param weightedAverage the mean over the labels, weighted by their support
 * @param accuracy the share of examples that were given their label
 */
public record ClassificationReport(
    List<LabelScores> labels, Scores macroAverage, Scores weightedAverage, double accuracy)
    implements Serializable {

  public ClassificationReport {
    labels = List.copyOf(labels);
  }

  /**
   * One label's.
   *
   * @param label its name
   */
  public record LabelScores(String label, Scores scores) implements Serializable {}

  /**
   * Numbers from 0 to 1.
   *
   * @param precision of the examples that were given the label, the share that has it
   * @param recall of the examples that have the label, the share that was given it
   * @param f1 their harmonic mean
   * @param support examples that have the label
   */
  public record Scores(double precision, double recall, double f1, long support)
      implements Serializable {

    static Scores of(long hits, long actual, long predicted) {
      return new Scores(
          ConfusionMatrix.ratio(hits, predicted),
          ConfusionMatrix.ratio(hits, actual),
          ConfusionMatrix.ratio(2 * hits, actual + predicted),
          actual);
    }

    static Scores mean(List<LabelScores> labels, long support, ToDoubleFunction<Scores> weight) {
      double weights = 0;
      double precision = 0;
      double recall = 0;
      double f1 = 0;
      for (LabelScores label : labels) {
        double share = weight.applyAsDouble(label.scores());
        weights += share;
        precision += share * label.scores().precision();
        recall += share * label.scores().recall();
        f1 += share * label.scores().f1();
      }
      return new Scores(
          ConfusionMatrix.ratio(precision, weights),
          ConfusionMatrix.ratio(recall, weights),
          ConfusionMatrix.ratio(f1, weights),
          support);
    }
  }

  public static ClassificationReport of(ConfusionMatrix matrix) {
    List<LabelScores> labels = new ArrayList<>();
    for (int label = 0; label < matrix.labels().size(); label++) {
      labels.add(
          new LabelScores(
              matrix.labels().get(label),
              Scores.of(matrix.hits(label), matrix.actual(label), matrix.predicted(label))));
    }
    return new ClassificationReport(
        labels,
        Scores.mean(labels, matrix.total(), scores -> 1),
        Scores.mean(labels, matrix.total(), Scores::support),
        matrix.accuracy());
  }

  /** Examples in all. */
  public long total() {
    return macroAverage.support();
  }

  /** As the table that scikit-learn prints. */
  public String text() {
    return ScoresTable.text(
        labels,
        accuracy,
        List.of(
            new LabelScores("macro avg", macroAverage),
            new LabelScores("weighted avg", weightedAverage)));
  }
}
