package io.sparkformer.jobs.report;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.run.Metric;
import io.sparkformer.run.RunDirectory;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;
import java.util.function.ToDoubleFunction;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * What a run's metrics look like over its steps.
 *
 * @param metrics in the order of metrics.jsonl
 */
public record TrainingCurves(List<Metric> metrics) {

  static final String LOSS = RunDirectory.LOSSES;
  static final String LEARNING_RATE = RunDirectory.RATES;

  private static final Color STEPS = new Color(0xB8, 0xC4, 0xD6);
  private static final Color TRAIN = new Color(0x1F, 0x4E, 0x9C);
  private static final Color VALID = new Color(0xD1, 0x5A, 0x1F);

  public TrainingCurves {
    metrics = List.copyOf(metrics);
  }

  /** Writes {@value #LOSS} and {@value #LEARNING_RATE} into a directory. */
  public void draw(FileSystem fileSystem, Path directory) throws IOException {
    write(fileSystem, new Path(directory, LOSS), losses());
    write(fileSystem, new Path(directory, LEARNING_RATE), learningRates());
  }

  private static void write(FileSystem fileSystem, Path file, byte[] png) throws IOException {
    try (OutputStream out = fileSystem.create(file, true)) {
      out.write(png);
    }
  }

  /** The losses, as a PNG file's bytes. */
  byte[] losses() {
    XYChart chart = chart("Loss", "cross entropy (nats)");
    add(chart, "training batches", m -> m.event() == Metric.Event.TRAIN, Metric::loss, STEPS);
    add(chart, "train split", m -> isEvaluation(m, SplitName.TRAIN), Metric::loss, TRAIN);
    add(chart, "valid split", m -> isEvaluation(m, SplitName.VALID), Metric::loss, VALID);
    return png(chart);
  }

  /** The learning rates, as a PNG file's bytes. */
  byte[] learningRates() {
    double most =
        metrics.stream()
            .map(Metric::lr)
            .filter(Objects::nonNull)
            .mapToDouble(Double::doubleValue)
            .filter(Double::isFinite)
            .max()
            .orElse(0);
    // Small numbers would be labelled with all their digits.
    int power = most > 0 ? (int) Math.floor(Math.log10(most)) : 0;
    XYChart chart = chart("Learning rate", "learning rate (1e" + power + ")");
    add(
        chart,
        "learning rate",
        m -> m.event() == Metric.Event.TRAIN && m.lr() != null,
        m -> m.lr() / Math.pow(10, power),
        TRAIN);
    chart.getStyler().setLegendVisible(false);
    chart.getStyler().setYAxisMin(0.0);
    return png(chart);
  }

  private static XYChart chart(String title, String yTitle) {
    XYChart chart =
        new XYChartBuilder()
            .width(960)
            .height(600)
            .title(title)
            .xAxisTitle("steps")
            .yAxisTitle(yTitle)
            .build();
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    chart.getStyler().setXAxisMin(0.0);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    return chart;
  }

  private static byte[] png(XYChart chart) {
    try {
      return BitmapEncoder.getBitmapBytes(chart, BitmapEncoder.BitmapFormat.PNG);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory has no I/O
    }
  }

  private static boolean isEvaluation(Metric metric, SplitName split) {
    return metric.event() == Metric.Event.EVALUATION && metric.split() == split;
  }

  private void add(
      XYChart chart,
      String name,
      Predicate<Metric> picked,
      ToDoubleFunction<Metric> number,
      Color color) {
    List<Metric> points =
        metrics.stream()
            .filter(picked)
            .filter(m -> Double.isFinite(number.applyAsDouble(m)))
            .toList();
    if (points.isEmpty()) {
      return;
    }
    XYSeries series =
        chart.addSeries(
            name,
            points.stream().mapToDouble(Metric::step).toArray(),
            points.stream().mapToDouble(number).toArray());
    series.setLineColor(color);
    series.setLineStyle(new BasicStroke(2f));
    series.setMarkerColor(color);
    series.setMarker(
        points.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE); // a point has no line
  }
}
