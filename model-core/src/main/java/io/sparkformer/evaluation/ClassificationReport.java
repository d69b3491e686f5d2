package io.sparkformer.evaluation;

import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
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

  private static final String WEIGHTED = "weighted avg";

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
      implements Serializable {}

  public static ClassificationReport of(ConfusionMatrix matrix) {
    List<LabelScores> labels = new ArrayList<>();
    for (int label = 0; label < matrix.labels().size(); label++) {
      labels.add(new LabelScores(matrix.labels().get(label), scores(matrix, label)));
    }
    return new ClassificationReport(
        labels,
        mean(labels, matrix.total(), scores -> 1),
        mean(labels, matrix.total(), Scores::support),
        matrix.accuracy());
  }

  private static Scores scores(ConfusionMatrix matrix, int label) {
    long hits = matrix.hits(label);
    long actual = matrix.actual(label);
    long predicted = matrix.predicted(label);
    return new Scores(
        ConfusionMatrix.ratio(hits, predicted),
        ConfusionMatrix.ratio(hits, actual),
        ConfusionMatrix.ratio(2 * hits, actual + predicted),
        actual);
  }

  private static Scores mean(
      List<LabelScores> labels, long support, ToDoubleFunction<Scores> weight) {
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

  /** Examples in all. */
  public long total() {
    return macroAverage.support();
  }

  /** As the table that scikit-learn prints. */
  public String text() {
    int width =
        labels.stream()
            .mapToInt(label -> label.label().codePointCount(0, label.label().length()))
            .reduce(WEIGHTED.length(), Math::max);
    StringBuilder text = new StringBuilder();
    text.append(left("", width))
        .append(
            String.format(
                Locale.ROOT, " %9s %9s %9s %9s\n\n", "precision", "recall", "f1-score", "support"));
    labels.forEach(label -> text.append(line(label.label(), label.scores(), width)));
    text.append('\n')
        .append(left("accuracy", width))
        .append(String.format(Locale.ROOT, " %9s %9s %9.2f %9d\n", "", "", accuracy, total()))
        .append(line("macro avg", macroAverage, width))
        .append(line(WEIGHTED, weightedAverage, width));
    return text.toString();
  }

  private static String line(String name, Scores scores, int width) {
    return left(name, width)
        + String.format(
            Locale.ROOT,
            " %9.2f %9.2f %9.2f %9d\n",
            scores.precision(),
            scores.recall(),
            scores.f1(),
            scores.support());
  }

  private static String left(String name, int width) {
    return " ".repeat(width - name.codePointCount(0, name.length())) + name + " ";
  }
}
