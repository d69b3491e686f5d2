package io.sparkformer.jobs.tokenize;

/** Which split a document, or a part of it, is for. */
enum Side {
  TRAIN,
  VALID;

  /** The split's name. */
  String label() {
    return this == TRAIN ? "train" : "valid";
  }
}
