package io.sparkformer.jobs.picture;

import io.sparkformer.evaluation.ConfusionMatrix;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** What a model attends to and predicts, as heat maps. */
public final class AttentionPictures {

  private AttentionPictures() {}

  /** A head's weights [query, key]. */
  public static HeatMap weights(List<String> tokens, float[][] weights, int layer, int head) {
    return new HeatMap(
        "Attention, " + place(layer, head),
        "token (query)",
        "attends to (key)",
        tokens,
        tokens,
        weights);
  }

  /** A head's values [token, dimension]. */
  public static HeatMap values(List<String> tokens, float[][] values, int layer, int head) {
    return new HeatMap(
        "Values, " + place(layer, head),
        "token",
        "dimension",
        tokens,
        IntStream.range(0, values[0].length).mapToObj(Integer::toString).toList(),
        values);
  }

  private static String place(int layer, int head) {
    return String.format(Locale.ROOT, "layer %d, head %d", layer, head);
  }

  /** A confusion matrix. */
  public static HeatMap confusion(ConfusionMatrix matrix, String split) {
    long[][] counts = matrix.counts();
    float[][] values = new float[counts.length][counts.length];
    for (int row = 0; row < counts.length; row++) {
      for (int column = 0; column < counts.length; column++) {
        values[row][column] = counts[row][column];
      }
    }
    return new HeatMap(
        "Confusion matrix, " + split + " split",
        "actual",
        "predicted",
        matrix.labels(),
        matrix.labels(),
        values);
  }
}
