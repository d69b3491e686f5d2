package io.sparkformer.model;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import java.util.Arrays;

/**
 * What a model attends to and predicts for one text.
 *
 * <p>L = layers, H = heads, T = tokens, D = the width of a head's values, K = classes.
 *
 * @param weights [L][H][T][T]: how much a position (row) takes of each; rows add up to 1
 * @param values [L][H][T][D]: what there is to take
 * @param probabilities of the classes: [T][K], for a language model those of the token after each;
 *     [1][K] for a classifier of sequences; of a regression its numbers
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
public record AttentionMaps(float[][][][] weights, float[][][][] values, float[][] probabilities) {

  /**
   * Looks into a model.
   *
   * @param problem what its logits mean
   * @param ids of the text, from 1 to contextLength
   */
  public static AttentionMaps of(Gpt model, ProblemType problem, int[] ids) {
    ModelConfig config = model.config();
    try (NDManager scratch = model.manager().newSubManager()) {
      NDArray tokens =
          scratch.create(Arrays.stream(ids).asLongStream().toArray(), new Shape(1, ids.length));
      NDArray lengths = scratch.create(new long[] {ids.length});
      NDArray logits = model.kernels().logits(scratch, tokens, lengths, model.weightList());
      float[] flat = logits.toFloatArray();
      float[][] byRow = rows(flat, flat.length / config.numClasses());
      for (float[] row : byRow) {
        double[] scores = problem.scores(row);
        for (int i = 0; i < row.length; i++) {
          row[i] = (float) scores[i];
        }
      }
      if (config.numLayers() == 0) {
        return new AttentionMaps(new float[0][][][], new float[0][][][], byRow);
      }
      NDList maps = model.kernels().attention(scratch, tokens, lengths, model.weightList());
      return new AttentionMaps(
          byHead(maps.get(0), config, ids.length), byHead(maps.get(1), config, ids.length), byRow);
    }
  }

  /** [L, 1, H, T, X] -> [L][H][T][X]. */
  private static float[][][][] byHead(NDArray array, ModelConfig config, int tokens) {
    float[] flat = array.toFloatArray();
    int perHead = flat.length / (config.numLayers() * config.numHeads());
    float[][][][] nested = new float[config.numLayers()][config.numHeads()][][];
    for (int layer = 0; layer < nested.length; layer++) {
      for (int head = 0; head < config.numHeads(); head++) {
        int from = (layer * config.numHeads() + head) * perHead;
        nested[layer][head] = rows(Arrays.copyOfRange(flat, from, from + perHead), tokens);
      }
    }
    return nested;
  }

  private static float[][] rows(float[] flat, int rows) {
    int columns = flat.length / rows;
    float[][] split = new float[rows][];
    for (int row = 0; row < rows; row++) {
      split[row] = Arrays.copyOfRange(flat, row * columns, (row + 1) * columns);
    }
    return split;
  }
}
