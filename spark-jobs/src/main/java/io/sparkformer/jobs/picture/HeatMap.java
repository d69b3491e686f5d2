package io.sparkformer.jobs.picture;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.awt.image.BufferedImage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.stream.IntStream;
import javax.imageio.ImageIO;

/**
 * A matrix that is to be drawn: cells in colours, at most 2000 pixels wide and high whatever its
 * size.
 *
 * @param title above it
 * @param rowTitle what rows are, left of their labels
 * @param columnTitle what columns are, below their labels
 * @param rows labels, as many as rows; of many, some are shown
 * @param columns labels of the columns
 * @param values [rows, columns]
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
public record HeatMap(
    String title,
    String rowTitle,
    String columnTitle,
    List<String> rows,
    List<String> columns,
    float[][] values) {

  /** Leaves room for labels on a page's width. */
  private static final int EXTENT = 960;

  /** More cells than this in a direction are drawn as the greatest of each group. */
  private static final int MOST_CELLS = 1024;

  public HeatMap {
    rows = List.copyOf(rows);
    columns = List.copyOf(columns);
    require(
        values.length == rows.size() && values.length > 0,
        "a heat map has %d rows and %d labels for them: give at least one row, and a label for each",
        values.length,
        rows.size());
    for (float[] row : values) {
      require(
          row.length == columns.size() && row.length > 0,
          "a row of a heat map has %d values and %d labels: give at least one, and as many",
          row.length,
          columns.size());
    }
  }

  /** The picture as a PNG file's bytes. */
  public byte[] png() {
    return png(EXTENT);
  }

  /**
   * The same of another size.
   *
   * @param extent pixels of all cells together, in each direction; less if there are few
   */
  public byte[] png(int extent) {
    BufferedImage image = HeatMapPicture.of(bounded(), extent).draw();
    ByteArrayOutputStream png = new ByteArrayOutputStream();
    try {
      ImageIO.write(image, "png", png);
    } catch (IOException e) {
      throw new UncheckedIOException(e); // memory has no I/O
    }
    return png.toByteArray();
  }

  private HeatMap bounded() {
    int tall = (rows.size() + MOST_CELLS - 1) / MOST_CELLS;
    int wide = (columns.size() + MOST_CELLS - 1) / MOST_CELLS;
    if (tall == 1 && wide == 1) {
      return this;
    }
    float[][] grouped =
        new float[(rows.size() + tall - 1) / tall][(columns.size() + wide - 1) / wide];
    for (int row = 0; row < values.length; row++) {
      for (int column = 0; column < values[row].length; column++) {
        float value = values[row][column];
        float greatest = grouped[row / tall][column / wide];
        grouped[row / tall][column / wide] =
            Math.abs(value) > Math.abs(greatest) ? value : greatest;
      }
    }
    return new HeatMap(
        title, rowTitle, columnTitle, everyNth(rows, tall), everyNth(columns, wide), grouped);
  }

  private static List<String> everyNth(List<String> labels, int n) {
    return IntStream.range(0, (labels.size() + n - 1) / n)
        .mapToObj(group -> labels.get(group * n))
        .toList();
  }
}
