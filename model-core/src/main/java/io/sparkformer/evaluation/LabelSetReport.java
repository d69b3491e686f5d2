package io.sparkformer.evaluation;

import io.sparkformer.evaluation.ClassificationReport.LabelScores;
import io.sparkformer.evaluation.ClassificationReport.Scores;
import java.io.Serializable;
import java.util.List;

/**
 * How well each label is recognized where an example may have any number of them, with the meaning
 * that scikit-learn gives to the words.
 *
 * @param labels by id
 * @param microAverage over all examples and labels together
 * @param macroAverage the plain mean over the labels
 * @param accuracy the share of examples that were given all of their labels, and no others
 */
public record LabelSetReport(
    List<LabelScores> labels, Scores microAverage, Scores macroAverage, double accuracy)
    implements Serializable {

  public LabelSetReport {
    labels = List.copyOf(labels);
  }

  /**
   * How often a label was right, found, and both.
   *
   * @param label its name
   * @param hits examples that have the label, and were given it
   * @param actual examples that have the label
   * @param predicted examples that were given the label
   */
  public record LabelCounts(String label, long hits, long actual, long predicted) {

    private LabelScores scores() {
      return new LabelScores(label, Scores.of(hits, actual, predicted));
    }
  }

  /**
   * The report that follows from counts.
   *
   * @param exact examples that were given all of their labels, and no others
   * @param examples all
   */
  public static LabelSetReport of(List<LabelCounts> counts, long exact, long examples) {
    List<LabelScores> labels = counts.stream().map(LabelCounts::scores).toList();
    long hits = counts.stream().mapToLong(LabelCounts::hits).sum();
    long actual = counts.stream().mapToLong(LabelCounts::actual).sum();
    long predicted = counts.stream().mapToLong(LabelCounts::predicted).sum();
    return new LabelSetReport(
        labels,
        Scores.of(hits, actual, predicted),
        Scores.mean(labels, actual, scores -> 1),
        ConfusionMatrix.ratio(exact, examples));
  }

  /** As the table that scikit-learn prints. */
  public String text() {
    return ScoresTable.text(
        labels,
        accuracy,
        List.of(
            new LabelScores("micro avg", microAverage),
            new LabelScores("macro avg", macroAverage)));
  }
}
