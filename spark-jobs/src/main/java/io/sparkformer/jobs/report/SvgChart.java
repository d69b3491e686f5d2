package io.sparkformer.jobs.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/**
 * Curves as a drawing within a page: its colours are the page's, its text is text, and each point
 * says its value when it is pointed at.
 */
final class SvgChart {

  private static final int WIDTH = 480;
  private static final int HEIGHT = 300;
  private static final int LEFT = 62;
  private static final int RIGHT = 14;
  private static final int TOP = 12;
  private static final int BOTTOM = 46;
  private static final int LABEL_GAP = 6;
  private static final int LABEL_LINE = 18;
  private static final int BASELINE = 5;
  private static final int MOST_POINTS = 200;
  private static final int TICKS = 5;
  private static final double RADIUS = 3;

  /** Around a point that is only there to be pointed at. */
  private static final double REACH = 5;

  /** Room above and below what varies. */
  private static final double ROOM = 0.05;

  private final Html page;
  private final String title;
  private final List<Curve> curves;
  private final Axis steps;
  private final Axis values;

  /** Numbers from low to high, with a tick every so many. */
  private record Axis(double low, double high, double tick) {

    static Axis of(double low, double high) {
      double span = high > low ? high - low : Math.max(Math.abs(high), 1e-12);
      double power = Math.pow(10, Math.floor(Math.log10(span / TICKS)));
      double ratio = span / TICKS / power;
      double tick = power * (ratio <= 1 ? 1 : ratio <= 2 ? 2 : ratio <= 5 ? 5 : 10);
      return new Axis(low, low + span, tick);
    }

    double share(double value) {
      return (value - low) / (high - low);
    }

    List<Double> ticks() {
      return java.util.stream.LongStream.rangeClosed(
              (long) Math.ceil(low / tick - 1e-9), (long) Math.floor(high / tick + 1e-9))
          .mapToObj(i -> i * tick)
          .toList();
    }
  }

  private SvgChart(Html page, String title, List<Curve> curves, Axis steps, Axis values) {
    this.page = page;
    this.title = title;
    this.curves = curves;
    this.steps = steps;
    this.values = values;
  }

  /**
   * Adds a chart with its legend above it.
   *
   * @param unit of the values
   */
  static void draw(Html page, String title, String unit, List<Curve> curves) {
    page.open("figure").element("figcaption", title + " (" + unit + ")");
    if (curves.isEmpty()) {
      page.element("p", "Nothing was measured yet.").close("figure");
      return;
    }
    List<Curve.Point> all = curves.stream().flatMap(c -> c.points().stream()).toList();
    double last = all.stream().mapToDouble(Curve.Point::step).max().orElseThrow();
    double low = all.stream().mapToDouble(Curve.Point::value).min().orElseThrow();
    double high = all.stream().mapToDouble(Curve.Point::value).max().orElseThrow();
    double room = ROOM * (high - low);
    SvgChart chart =
        new SvgChart(
            page, title, curves, Axis.of(0, Math.max(1, last)), Axis.of(low - room, high + room));
    chart.legend();
    chart.drawing();
    page.close("figure");
  }

  private void legend() {
    page.open("ul", "class", "legend");
    for (Curve curve : curves) {
      page.open("li").open("span", "class", "swatch colour" + curve.colour()).close("span");
      page.text(curve.name() + ": ").element("b", said(curve.last().value()));
      page.text(" at step " + whole(curve.last().step())).close("li");
    }
    page.close("ul");
  }

  private void drawing() {
    String described =
        curves.stream()
            .map(
                c ->
                    String.format(
                        Locale.ROOT,
                        "%s from %s at step %s to %s at step %s",
                        c.name(),
                        said(c.points().get(0).value()),
                        whole(c.points().get(0).step()),
                        said(c.last().value()),
                        whole(c.last().step())))
            .collect(Collectors.joining("; "));
    page.open("svg", "viewBox", "0 0 " + WIDTH + " " + HEIGHT, "role", "img");
    page.element("title", title + " over the steps").element("desc", described);
    axes();
    curves.forEach(this::curve);
    page.close("svg");
  }

  private void axes() {
    for (double tick : values.ticks()) {
      line(LEFT, y(tick), WIDTH - RIGHT, y(tick));
      label(LEFT - LABEL_GAP, y(tick) + BASELINE, "end", said(tick));
    }
    for (double tick : steps.ticks()) {
      line(x(tick), HEIGHT - BOTTOM, x(tick), HEIGHT - BOTTOM + BASELINE);
      label(x(tick), HEIGHT - BOTTOM + LABEL_LINE, "middle", whole(Math.round(tick)));
    }
    label((LEFT + WIDTH - RIGHT) / 2.0, HEIGHT - LABEL_GAP, "middle", "steps");
  }

  private void line(double x1, double y1, double x2, double y2) {
    page.open("line", "class", "grid", "x1", at(x1), "y1", at(y1), "x2", at(x2), "y2", at(y2))
        .close("line");
  }

  private void label(double x, double y, String anchor, String text) {
    page.element("text", text, "x", at(x), "y", at(y), "text-anchor", anchor);
  }

  private void curve(Curve curve) {
    List<Curve.Point> points = curve.thinned(MOST_POINTS);
    String path =
        points.stream()
            .map(point -> at(x((double) point.step())) + "," + at(y(point.value())))
            .collect(Collectors.joining(" "));
    page.open("polyline", "class", "curve colour" + curve.colour(), "points", path)
        .close("polyline");
    boolean few = points.size() <= MOST_POINTS / 4;
    for (Curve.Point point : points) {
      page.open(
          "circle",
          "class",
          few ? "point colour" + curve.colour() : "reach",
          "cx",
          at(x((double) point.step())),
          "cy",
          at(y(point.value())),
          "r",
          at(few ? RADIUS : REACH));
      page.element(
          "title", curve.name() + ": " + said(point.value()) + " at step " + whole(point.step()));
      page.close("circle");
    }
  }

  private double x(double step) {
    return LEFT + steps.share(step) * (WIDTH - LEFT - RIGHT);
  }

  private double y(double value) {
    return HEIGHT - BOTTOM - values.share(value) * (HEIGHT - TOP - BOTTOM);
  }

  private static String at(double coordinate) {
    return String.format(Locale.ROOT, "%.1f", coordinate);
  }

  private static String whole(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  /** Four digits that count, as a person writes them. */
  private static String said(double value) {
    BigDecimal rounded = new BigDecimal(value).round(new MathContext(4)).stripTrailingZeros();
    double size = Math.abs(value);
    return size == 0 || size < 1e-12
        ? "0"
        : size >= 1e-3 && size < 1e6 ? rounded.toPlainString() : rounded.toString();
  }
}
