package io.sparkformer.datasets.tokenizer;

/** Byte-level BPE (Sennrich et al. 2016, arXiv:1508.07909; Radford et al. 2019). */
public final class BpeTokenizer {

  private final BpeModel model;

  private BpeTokenizer(BpeModel model) {
    this.model = model;
  }

  /** A tokenizer of a model. */
  public static BpeTokenizer of(BpeModel model) {
    return new BpeTokenizer(model);
  }

  BpeModel model() {
    return model;
  }
}
