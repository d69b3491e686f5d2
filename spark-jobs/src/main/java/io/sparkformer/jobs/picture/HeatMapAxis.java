package io.sparkformer.jobs.picture;

import java.awt.Font;
import java.awt.FontMetrics;
import java.util.ArrayList;
import java.util.List;

/**
 * One axis of a heat map: how large its cells are and which labels stand at them.
 *
 * @param labels of all cells, as they are shown
 * @param cell pixels of a cell
 * @param stride every so manieth label is shown
 * @param widest pixels of the widest shown label
 */
record HeatMapAxis(List<String> labels, int cell, int stride, int widest) {

  private static final int LARGEST_CELL = 64;
  private static final int LONGEST_LABEL = 24;
  private static final int GAP = 4;
  private static final int[] STRIDES = {1, 2, 5, 10, 20, 50, 100, 200, 500};

  /**
   * An axis of its own measure.
   *
   * @param names of all cells
   * @param extent pixels of all cells together, unless they are so few that they would look lost
   * @param least pixels of a cell that has to show something, if there is room
   */
  static HeatMapAxis of(List<String> names, FontMetrics metrics, int extent, int least) {
    int fitting = Math.max(1, extent / names.size());
    int cell = Math.min(fitting, Math.max(LARGEST_CELL, least));
    return sized(names, metrics, cell);
  }

  /** The same with cells of another size. */
  static HeatMapAxis sized(List<String> names, FontMetrics metrics, int cell) {
    Font font = metrics.getFont();
    VisibleText visible = VisibleText.of(font::canDisplay);
    int stride = stride(font.getSize() + 1, cell);
    List<String> labels = new ArrayList<>();
    int widest = 0;
    for (int i = 0; i < names.size(); i++) {
      String name = visible.shortened(names.get(i), LONGEST_LABEL);
      // Where labels are left out, those that stay say where they are.
      boolean numbered = stride > 1 && !name.equals(Integer.toString(i));
      String label = numbered ? i + ": " + name : name;
      labels.add(label);
      if (i % stride == 0) {
        widest = Math.max(widest, metrics.stringWidth(label));
      }
    }
    return new HeatMapAxis(List.copyOf(labels), cell, stride, widest);
  }

  private static int stride(int least, int cell) {
    for (int stride : STRIDES) {
      if (stride * cell >= least) {
        return stride;
      }
    }
    return STRIDES[STRIDES.length - 1];
  }

  int extent() {
    return cell * labels.size();
  }

  /** Whether the labels have to be turned to stand at cells beside each other. */
  boolean isCrowded() {
    return widest + 2 * GAP > cell * stride;
  }
}
