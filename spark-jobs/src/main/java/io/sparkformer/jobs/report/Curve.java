package io.sparkformer.jobs.report;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.run.Metric;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;

/**
 * A number over a run's steps.
 *
 * @param name for the legend
 * @param colour the same wherever it is drawn, from 0
 * @param points in the order of steps; finite
 */
record Curve(String name, int colour, List<Point> points) {

  /** A value at a step. */
  record Point(long step, double value) {}

  Curve {
    points = List.copyOf(points);
  }

  /** Losses: of the batches that are trained on, and of both splits; those that there are. */
  static List<Curve> losses(List<Metric> metrics) {
    return drawn(
        of("training batches", 0, metrics, m -> m.event() == Metric.Event.TRAIN, Metric::loss),
        of("train split", 1, metrics, m -> isEvaluation(m, SplitName.TRAIN), Metric::loss),
        of("valid split", 2, metrics, m -> isEvaluation(m, SplitName.VALID), Metric::loss));
  }

  /** The learning rate, if there are any. */
  static List<Curve> learningRates(List<Metric> metrics) {
    return drawn(
        of(
            "learning rate",
            1,
            metrics,
            m -> m.event() == Metric.Event.TRAIN && m.lr() != null,
            Metric::lr));
  }

  private static List<Curve> drawn(Curve... curves) {
    return List.of(curves).stream().filter(curve -> !curve.points().isEmpty()).toList();
  }

  private static boolean isEvaluation(Metric metric, SplitName split) {
    return metric.event() == Metric.Event.EVALUATION && metric.split() == split;
  }

  private static Curve of(
      String name,
      int colour,
      List<Metric> metrics,
      Predicate<Metric> picked,
      ToDoubleFunction<Metric> number) {
    List<Point> points =
        metrics.stream()
            .filter(picked)
            .map(m -> new Point(m.step(), number.applyAsDouble(m)))
            .filter(point -> Double.isFinite(point.value()))
            .toList();
    return new Curve(name, colour, points);
  }

  Point last() {
    return points.get(points.size() - 1);
  }

  /** At most so many points: means of neighbours, each at its last step. */
  List<Point> thinned(int most) {
    if (points.size() <= most) {
      return points;
    }
    List<Point> means = new ArrayList<>(most);
    for (int i = 0; i < most; i++) {
      List<Point> run =
          points.subList(
              (int) ((long) i * points.size() / most), (int) ((i + 1L) * points.size() / most));
      double mean = run.stream().mapToDouble(Point::value).average().orElseThrow();
      means.add(new Point(run.get(run.size() - 1).step(), mean));
    }
    return means;
  }
}
