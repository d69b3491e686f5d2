package io.sparkformer.model;

/**
 * The token that fills up rows.
 *
 * @param rows that the token embedding has for it alone, behind the vocabulary: 0 or 1
 */
record Padding(int id, int rows) {

  /** One that the model knows, or that is never put through it. */
  static Padding known(int id) {
    return new Padding(id, 0);
  }

  /** One that is behind the vocabulary. */
  static Padding behind(int id) {
    return new Padding(id, 1);
  }
}
