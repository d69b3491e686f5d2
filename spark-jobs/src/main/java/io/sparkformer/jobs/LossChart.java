package io.sparkformer.jobs;

import io.sparkformer.train.Metric;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import java.util.function.Predicate;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/** loss.png: the losses of a run over its steps. */
final class LossChart {

  private static final Color STEPS = new Color(0xB8, 0xC4, 0xD6);
  private static final Color TRAIN = new Color(0x1F, 0x4E, 0x9C);
  private static final Color VALID = new Color(0xD1, 0x5A, 0x1F);

  private LossChart() {}

  static void draw(List<Metric> metrics, FileSystem fileSystem, Path file) throws IOException {
    XYChart chart =
        new XYChartBuilder()
            .width(960)
            .height(600)
            .title("Loss")
            .xAxisTitle("steps")
            .yAxisTitle("cross entropy (nats per token)")
            .build();
    chart.getStyler().setLegendPosition(Styler.LegendPosition.InsideNE);
    chart.getStyler().setXAxisMin(0.0);
    chart.getStyler().setChartBackgroundColor(Color.WHITE);
    add(chart, "training batches", metrics, m -> m.event() == Metric.Event.TRAIN, STEPS);
    add(chart, "train split", metrics, m -> isEvaluation(m, "train"), TRAIN);
    add(chart, "valid split", metrics, m -> isEvaluation(m, "valid"), VALID);
    try (OutputStream out = fileSystem.create(file, true)) {
      BitmapEncoder.saveBitmap(chart, out, BitmapEncoder.BitmapFormat.PNG);
    }
  }

  private static boolean isEvaluation(Metric metric, String split) {
    return metric.event() == Metric.Event.EVALUATION && metric.split().equals(split);
  }

  private static void add(
      XYChart chart, String name, List<Metric> metrics, Predicate<Metric> picked, Color color) {
    List<Metric> points = metrics.stream().filter(picked).toList();
    if (points.isEmpty()) {
      return;
    }
    XYSeries series =
        chart.addSeries(
            name,
            points.stream().mapToDouble(Metric::step).toArray(),
            points.stream().mapToDouble(Metric::loss).toArray());
    series.setLineColor(color);
    series.setLineStyle(new BasicStroke(2f));
    series.setMarkerColor(color);
    series.setMarker(
        points.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE); // a point has no line
  }
}
