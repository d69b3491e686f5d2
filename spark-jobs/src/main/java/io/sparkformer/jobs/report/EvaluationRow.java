package io.sparkformer.jobs.report;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.run.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * An evaluation of the splits that there are in numbers; null is what was not measured.
 *
 * @param accuracy of the valid split, or of the train split if there is no other, as macroF1
 */
record EvaluationRow(
    long step, Double trainLoss, Double validLoss, Double accuracy, Double macroF1) {

  static List<EvaluationRow> of(List<Metric> metrics) {
    Map<Long, EvaluationRow> rows = new TreeMap<>();
    metrics.stream()
        .filter(metric -> metric.event() == Metric.Event.EVALUATION)
        .forEach(metric -> rows.merge(metric.step(), ofSplit(metric), EvaluationRow::with));
    return List.copyOf(rows.values());
  }

  private static EvaluationRow ofSplit(Metric metric) {
    return metric.split() == SplitName.TRAIN
        ? new EvaluationRow(metric.step(), metric.loss(), null, metric.accuracy(), metric.macroF1())
        : new EvaluationRow(
            metric.step(), null, metric.loss(), metric.accuracy(), metric.macroF1());
  }

  private EvaluationRow with(EvaluationRow other) {
    return new EvaluationRow(
        step,
        other.trainLoss == null ? trainLoss : other.trainLoss,
        other.validLoss == null ? validLoss : other.validLoss,
        other.accuracy == null ? accuracy : other.accuracy,
        other.macroF1 == null ? macroF1 : other.macroF1);
  }

  /** So many at most, evenly spaced; the last one is among them. */
  static List<EvaluationRow> thinned(List<EvaluationRow> rows, int most) {
    if (rows.size() <= most) {
      return rows;
    }
    List<EvaluationRow> some = new ArrayList<>(most);
    for (int i = 1; i <= most; i++) {
      some.add(rows.get((int) ((long) i * rows.size() / most) - 1));
    }
    return some;
  }
}
