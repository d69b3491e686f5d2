package io.sparkformer.generate;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelConfig;

/**
 * A model with the keys and values of the tokens that it has read, so that a further token costs
 * one token's work.
 *
 * <p>B = rows, T = tokens, H = numHeads, D = the larger of headDim and valueDim, V = vocabSize.
 */
final class KeyValueCache implements AutoCloseable {

  private final Gpt model;
  private final NDManager manager;
  private final NDArray keysAndValues;
  private final int rows;
  private int length;

  private KeyValueCache(Gpt model, NDManager manager, NDArray keysAndValues, int rows) {
    this.model = model;
    this.manager = manager;
    this.keysAndValues = keysAndValues;
    this.rows = rows;
  }

  /**
   * An empty cache.
   *
   * @param capacity tokens of a row, at most contextLength
   */
  static KeyValueCache of(Gpt model, int rows, int capacity) {
    ModelConfig config = model.config();
    NDManager manager = model.manager().newSubManager();
    Shape shape =
        new Shape(config.numLayers(), rows, 2, config.numHeads(), capacity, width(config));
    return new KeyValueCache(model, manager, manager.zeros(shape, DataType.FLOAT32), rows);
  }

  /** What one row takes, with float32 elements. */
  static long bytesPerRow(ModelConfig config, int capacity) {
    long numbers = 2L * config.numLayers() * capacity * config.numHeads() * width(config);
    return Math.max(1, numbers * Float.BYTES);
  }

  private static int width(ModelConfig config) {
    return Math.max(config.headDim(), config.valueDim());
  }

  /** Tokens read by each row. */
  int length() {
    return length;
  }

  /**
   * Reads tokens into an empty cache.
   *
   * @param ids [B, T], row-major
   * @return logits of the token after them [B, V], row-major
   */
  float[] start(long[] ids) {
    length = 0;
    return read(ids, ids.length / rows);
  }

  /**
   * Reads one more token of each row.
   *
   * @param ids [B]
   * @return logits of the token after it [B, V], row-major
   */
  float[] next(long[] ids) {
    return read(ids, 1);
  }

  private float[] read(long[] ids, int tokens) {
    try (NDManager step = manager.newSubManager()) {
      NDArray read = step.create(ids, new Shape(rows, tokens));
      NDArray logits =
          model.kernels().decode(step, read, length, keysAndValues, model.weightList());
      length += tokens;
      return logits.toFloatArray();
    }
  }

  @Override
  public void close() {
    manager.close();
  }
}
