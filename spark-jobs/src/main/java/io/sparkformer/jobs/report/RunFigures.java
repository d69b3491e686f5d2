package io.sparkformer.jobs.report;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.run.Metric;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/** A run in a few numbers, each with what it is. */
final class RunFigures {

  private RunFigures() {}

  static Map<String, String> of(
      List<Metric> metrics, Optional<ModelConfig> model, Optional<EvaluationRecord> best) {
    Map<String, String> figures = new LinkedHashMap<>();
    last(metrics).ifPresent(metric -> progress(metric, figures));
    evaluations(metrics, SplitName.TRAIN)
        .reduce((a, b) -> b)
        .ifPresent(metric -> figures.put("train loss", nats(metric.loss())));
    evaluations(metrics, SplitName.VALID)
        .reduce((a, b) -> b)
        .ifPresent(metric -> figures.put("valid loss", nats(metric.loss())));
    evaluations(metrics, SplitName.VALID)
        .min(Comparator.comparingDouble(Metric::loss))
        .ifPresent(metric -> figures.put("lowest valid loss", atStep(metric)));
    best.ifPresent(
        record ->
            figures.put(
                "accuracy of the best model",
                String.format(
                    Locale.ROOT, "%.2f %% (%s split)", 100 * record.accuracy(), record.split())));
    model.ifPresent(
        config ->
            figures.put(
                "parameters", String.format(Locale.ROOT, "%,.0f", config.parameterCount())));
    speed(metrics, figures);
    return figures;
  }

  private static Optional<Metric> last(List<Metric> metrics) {
    return metrics.isEmpty() ? Optional.empty() : Optional.of(metrics.get(metrics.size() - 1));
  }

  private static void progress(Metric last, Map<String, String> figures) {
    figures.put("steps", String.format(Locale.ROOT, "%,d", last.step()));
    if (last.epoch() != null) {
      figures.put("epochs", String.format(Locale.ROOT, "%.2f", last.epoch()));
    }
  }

  private static Stream<Metric> evaluations(List<Metric> metrics, SplitName split) {
    return metrics.stream().filter(m -> m.event() == Metric.Event.EVALUATION && m.split() == split);
  }

  private static String nats(double loss) {
    return String.format(Locale.ROOT, "%.4f nats", loss);
  }

  private static String atStep(Metric metric) {
    return String.format(Locale.ROOT, "%.4f nats (step %,d)", metric.loss(), metric.step());
  }

  private static void speed(List<Metric> metrics, Map<String, String> figures) {
    double[] speeds =
        metrics.stream()
            .filter(metric -> metric.tokensPerSecond() != null)
            .mapToDouble(Metric::tokensPerSecond)
            .sorted()
            .toArray();
    if (speeds.length > 0) {
      double median = speeds[speeds.length / 2];
      figures.put("tokens per second", String.format(Locale.ROOT, "%,.0f (median)", median));
    }
    if (metrics.size() > 1) {
      double seconds = metrics.get(metrics.size() - 1).timeSeconds() - metrics.get(0).timeSeconds();
      figures.put("time, first to last metric", duration(seconds));
    }
  }

  static String duration(double seconds) {
    long whole = Math.round(seconds);
    if (whole < 60) {
      return String.format(Locale.ROOT, "%.1f s", seconds);
    }
    return String.format(Locale.ROOT, "%d:%02d:%02d h", whole / 3600, whole / 60 % 60, whole % 60);
  }
}
