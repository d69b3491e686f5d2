package io.sparkformer.evaluation;

import io.sparkformer.evaluation.ClassificationReport.LabelScores;
import io.sparkformer.evaluation.ClassificationReport.Scores;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;

/** Scores as the table that scikit-learn prints. */
final class ScoresTable {

  private static final String ACCURACY = "accuracy";

  private ScoresTable() {}

  static String text(List<LabelScores> labels, double accuracy, List<LabelScores> averages) {
    int width =
        Stream.concat(labels.stream(), averages.stream())
            .mapToInt(line -> line.label().codePointCount(0, line.label().length()))
            .reduce(ACCURACY.length(), Math::max);
    StringBuilder text = new StringBuilder();
    text.append(left("", width))
        .append(
            String.format(
                Locale.ROOT, " %9s %9s %9s %9s\n\n", "precision", "recall", "f1-score", "support"));
    labels.forEach(label -> text.append(line(label, width)));
    text.append('\n')
        .append(left(ACCURACY, width))
        .append(
            String.format(
                Locale.ROOT,
                " %9s %9s %9.2f %9d\n",
                "",
                "",
                accuracy,
                averages.get(0).scores().support()));
    averages.forEach(average -> text.append(line(average, width)));
    return text.toString();
  }

  private static String line(LabelScores line, int width) {
    Scores scores = line.scores();
    return left(line.label(), width)
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
