package io.sparkformer.jobs.report;

import io.sparkformer.run.Metric;
import io.sparkformer.run.RunDirectory;
import java.awt.BasicStroke;
import java.awt.Color;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.knowm.xchart.BitmapEncoder;
import org.knowm.xchart.XYChart;
import org.knowm.xchart.XYChartBuilder;
import org.knowm.xchart.XYSeries;
import org.knowm.xchart.style.Styler;
import org.knowm.xchart.style.markers.SeriesMarkers;

/**
 * What a run's metrics look like over its steps, as pictures for other documents.
 *
 * @param metrics in the order of metrics.jsonl
 */
record TrainingCurves(List<Metric> metrics) {

  static final String LOSS = RunDirectory.LOSSES;
  static final String LEARNING_RATE = RunDirectory.RATES;

  private static final List<Color> COLOURS =
      List.of(
          new Color(0xB8, 0xC4, 0xD6), new Color(0x1F, 0x4E, 0x9C), new Color(0xD1, 0x5A, 0x1F));

  TrainingCurves {
    metrics = List.copyOf(metrics);
  }

  /** Writes {@value #LOSS} and {@value #LEARNING_RATE} into a directory. */
  void draw(FileSystem fileSystem, Path directory) throws IOException {
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
    Curve.losses(metrics).forEach(curve -> add(chart, curve, 1));
    return png(chart);
  }

  /** The learning rates, as a PNG file's bytes. */
  byte[] learningRates() {
    List<Curve> curves = Curve.learningRates(metrics);
    double most =
        curves.stream()
            .flatMap(curve -> curve.points().stream())
            .mapToDouble(Curve.Point::value)
            .max()
            .orElse(0);
    // Small numbers would be labelled with all their digits.
    int power = most > 0 ? (int) Math.floor(Math.log10(most)) : 0;
    XYChart chart = chart("Learning rate", "learning rate (1e" + power + ")");
    curves.forEach(curve -> add(chart, curve, Math.pow(10, power)));
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
    // Within the plot it would lie over a curve, wherever it is.
    chart.getStyler().setLegendPosition(Styler.LegendPosition.OutsideS);
    chart.getStyler().setLegendLayout(Styler.LegendLayout.Horizontal);
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

  private static void add(XYChart chart, Curve curve, double unit) {
    List<Curve.Point> points = curve.points();
    XYSeries series =
        chart.addSeries(
            curve.name(),
            points.stream().mapToDouble(Curve.Point::step).toArray(),
            points.stream().mapToDouble(point -> point.value() / unit).toArray());
    Color color = COLOURS.get(curve.colour());
    series.setLineColor(color);
    series.setLineStyle(new BasicStroke(2f));
    series.setMarkerColor(color);
    series.setMarker(
        points.size() == 1 ? SeriesMarkers.CIRCLE : SeriesMarkers.NONE); // a point has no line
  }
}
