package io.sparkformer.jobs.picture;

import java.awt.Color;
import java.awt.Font;
import java.awt.FontMetrics;
import java.awt.Graphics2D;
import java.awt.RenderingHints;
import java.awt.geom.AffineTransform;
import java.awt.image.BufferedImage;
import java.util.Arrays;

/** Where everything stands in the picture of a heat map, in pixels. */
final class HeatMapPicture {

  private static final Font TEXT = new Font(Font.SANS_SERIF, Font.PLAIN, 12);
  private static final Font TITLE = new Font(Font.SANS_SERIF, Font.BOLD, 15);
  private static final Color GREY = new Color(0x55, 0x55, 0x55);

  private static final int MARGIN = 14;
  private static final int GAP = 6;
  private static final int BAR_WIDTH = 16;
  private static final int LEAST_BAR = 120;
  private static final int BAR_STEPS = 4;

  /** From this cell size on, lines part the cells. */
  private static final int GRID_CELL = 12;

  private static final int WIDEST = 2000;

  private final HeatMap map;
  private final ColourScale scale;
  private final FontMetrics metrics;
  private final HeatMapAxis rows;
  private final HeatMapAxis columns;
  private final int plotX;
  private final int plotY;

  private HeatMapPicture(
      HeatMap map, ColourScale scale, FontMetrics metrics, HeatMapAxis rows, HeatMapAxis columns) {
    this.map = map;
    this.scale = scale;
    this.metrics = metrics;
    this.rows = rows;
    this.columns = columns;
    this.plotX = MARGIN + metrics.getHeight() + GAP + rows.widest() + GAP;
    this.plotY = MARGIN + 2 * metrics.getHeight();
  }

  static HeatMapPicture of(HeatMap map, int extent) {
    ColourScale scale = ColourScale.of(map.values());
    FontMetrics metrics = metricsOf(TEXT);
    HeatMapAxis columns =
        HeatMapAxis.of(map.columns(), metrics, extent, widestValue(map, scale, metrics));
    HeatMapAxis rows = HeatMapAxis.of(map.rows(), metrics, extent, 0);
    if (map.rows().size() == map.columns().size()) {
      // Squares, unless wide numbers stand in the cells.
      rows = HeatMapAxis.sized(map.rows(), metrics, Math.min(rows.cell(), columns.cell()));
    } else {
      rows = HeatMapAxis.sized(map.rows(), metrics, Math.min(rows.cell(), 3 * columns.cell()));
    }
    return new HeatMapPicture(map, scale, metrics, rows, columns);
  }

  private static FontMetrics metricsOf(Font font) {
    Graphics2D graphics = new BufferedImage(1, 1, BufferedImage.TYPE_INT_RGB).createGraphics();
    try {
      return graphics.getFontMetrics(font);
    } finally {
      graphics.dispose();
    }
  }

  /** What a cell has to have for its number, which the largest maps do not show anyway. */
  private static int widestValue(HeatMap map, ColourScale scale, FontMetrics metrics) {
    if (map.columns().size() > LEAST_BAR) {
      return 0;
    }
    return Arrays.stream(map.values()).mapToInt(row -> widest(row, scale, metrics)).max().orElse(0);
  }

  private static int widest(float[] row, ColourScale scale, FontMetrics metrics) {
    int widest = 0;
    for (float value : row) {
      widest = Math.max(widest, metrics.stringWidth(scale.text(value)) + 2 * GAP);
    }
    return widest;
  }

  BufferedImage draw() {
    BufferedImage image = new BufferedImage(width(), height(), BufferedImage.TYPE_INT_RGB);
    Graphics2D graphics = image.createGraphics();
    try {
      graphics.setColor(Color.WHITE);
      graphics.fillRect(0, 0, image.getWidth(), image.getHeight());
      graphics.setRenderingHint(
          RenderingHints.KEY_TEXT_ANTIALIASING, RenderingHints.VALUE_TEXT_ANTIALIAS_ON);
      drawCells(graphics);
      drawTitles(graphics, image.getWidth());
      drawRowLabels(graphics);
      drawColumnLabels(graphics);
      drawScale(graphics);
    } finally {
      graphics.dispose();
    }
    return image;
  }

  private int width() {
    int plain = scaleX() + BAR_WIDTH + GAP + scaleTextWidth() + MARGIN;
    int titled = metricsOf(TITLE).stringWidth(map.title()) + 2 * MARGIN;
    return Math.min(WIDEST, Math.max(plain, titled));
  }

  private int height() {
    int below = columnLabelHeight() + GAP + metrics.getHeight() + MARGIN;
    return plotY + Math.max(rows.extent() + GAP + below, barHeight() + MARGIN);
  }

  private int columnLabelHeight() {
    return columns.isCrowded() ? columns.widest() : metrics.getHeight();
  }

  private int scaleX() {
    // A label that is wider than its cell hangs over the last one.
    int overhang = columns.isCrowded() ? metrics.getHeight() / 2 : columns.widest() / 2;
    return plotX
        + Math.max(columns.extent(), columns.extent() - columns.cell() / 2 + overhang)
        + 2 * MARGIN;
  }

  private int barHeight() {
    return Math.max(LEAST_BAR, rows.extent());
  }

  private int scaleTextWidth() {
    return Math.max(
        metrics.stringWidth(scale.text(scale.least())),
        Math.max(
            metrics.stringWidth(scale.text(scale.most())),
            metrics.stringWidth(scale.text(scale.most() / BAR_STEPS))));
  }

  private void drawCells(Graphics2D graphics) {
    float[][] values = map.values();
    boolean numbered =
        columns.cell() >= widestValue(map, scale, metrics)
            && columns.cell() > metrics.getHeight()
            && rows.cell() > metrics.getHeight();
    graphics.setFont(TEXT);
    int line = Math.min(rows.cell(), columns.cell()) >= GRID_CELL ? 1 : 0;
    for (int row = 0; row < values.length; row++) {
      for (int column = 0; column < values[row].length; column++) {
        float value = values[row][column];
        int x = plotX + column * columns.cell();
        int y = plotY + row * rows.cell();
        graphics.setColor(new Color(scale.rgb(value)));
        graphics.fillRect(x, y, columns.cell() - line, rows.cell() - line);
        if (numbered) {
          graphics.setColor(scale.ink(value));
          centred(graphics, scale.text(value), x + columns.cell() / 2, y + rows.cell() / 2);
        }
      }
    }
    graphics.setColor(GREY);
    graphics.drawRect(plotX - 1, plotY - 1, columns.extent() + 1, rows.extent() + 1);
  }

  private void drawTitles(Graphics2D graphics, int width) {
    graphics.setColor(Color.BLACK);
    graphics.setFont(TITLE);
    graphics.drawString(fitted(map.title(), width - 2 * MARGIN), MARGIN, MARGIN + TITLE.getSize());
    graphics.setFont(TEXT);
    graphics.setColor(GREY);
    int below = plotY + rows.extent() + GAP + columnLabelHeight() + GAP;
    int middle = plotX + columns.extent() / 2;
    int half = metrics.stringWidth(map.columnTitle()) / 2;
    graphics.drawString(
        map.columnTitle(), Math.max(MARGIN, middle - half), below + metrics.getAscent());
    int tall = metrics.stringWidth(map.rowTitle());
    turned(
        graphics,
        map.rowTitle(),
        MARGIN + metrics.getAscent(),
        Math.max(plotY + tall, plotY + (rows.extent() + tall) / 2));
  }

  private static String fitted(String title, int width) {
    FontMetrics titles = metricsOf(TITLE);
    String shown = title;
    while (titles.stringWidth(shown) > width && shown.length() > 1) {
      shown = shown.substring(0, shown.offsetByCodePoints(shown.length(), -2)) + "…";
    }
    return shown;
  }

  private void drawRowLabels(Graphics2D graphics) {
    graphics.setColor(Color.BLACK);
    for (int row = 0; row < rows.labels().size(); row += rows.stride()) {
      String label = rows.labels().get(row);
      int y = plotY + row * rows.cell() + rows.cell() / 2;
      graphics.drawString(label, plotX - GAP - metrics.stringWidth(label), baseline(y));
    }
  }

  private void drawColumnLabels(Graphics2D graphics) {
    graphics.setColor(Color.BLACK);
    int top = plotY + rows.extent() + GAP;
    for (int column = 0; column < columns.labels().size(); column += columns.stride()) {
      String label = columns.labels().get(column);
      int x = plotX + column * columns.cell() + columns.cell() / 2;
      if (columns.isCrowded()) {
        turned(graphics, label, baseline(x), top + metrics.stringWidth(label));
      } else {
        centred(graphics, label, x, top + metrics.getHeight() / 2);
      }
    }
  }

  private void drawScale(Graphics2D graphics) {
    int x = scaleX();
    int height = barHeight();
    for (int y = 0; y < height; y++) {
      float share = 1 - y / (float) (height - 1);
      graphics.setColor(
          new Color(scale.rgb(scale.least() + share * (scale.most() - scale.least()))));
      graphics.fillRect(x, plotY + y, BAR_WIDTH, 1);
    }
    graphics.setColor(GREY);
    graphics.drawRect(x - 1, plotY - 1, BAR_WIDTH + 1, height + 1);
    graphics.setColor(Color.BLACK);
    for (int step = 0; step <= BAR_STEPS; step++) {
      float share = step / (float) BAR_STEPS;
      String text = scale.text(scale.least() + share * (scale.most() - scale.least()));
      int y = plotY + Math.round((1 - share) * (height - 1));
      graphics.drawString(text, x + BAR_WIDTH + GAP, baseline(y));
    }
  }

  /** Below a line's middle. */
  private int baseline(int middle) {
    return middle + (metrics.getAscent() - metrics.getDescent()) / 2;
  }

  private void centred(Graphics2D graphics, String text, int x, int y) {
    graphics.drawString(text, x - metrics.stringWidth(text) / 2, baseline(y));
  }

  /** Upwards from a point. */
  private static void turned(Graphics2D graphics, String text, int x, int y) {
    AffineTransform before = graphics.getTransform();
    graphics.rotate(-Math.PI / 2, x, y);
    graphics.drawString(text, x, y);
    graphics.setTransform(before);
  }
}
