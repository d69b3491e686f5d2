package io.sparkformer.datasets.tokenizer;

/** How byte-level BPE tokenizers cut a text into the pieces that are encoded by themselves. */
public enum Pretokenizer {
  /** GPT-2's, r50k_base. */
  GPT2,
  /** cl100k_base, Llama 3. */
  CL100K,
  /** As cl100k_base, but digits one by one: Qwen 2. */
  QWEN2,
  /** o200k_base. */
  O200K;

  /**
   * The end of the pre-token that begins at {@code from}.
   *
   * @param utf8 any bytes; those that are not UTF-8 count as symbols
   * @param to the text's end, above {@code from}
   */
  public int end(byte[] utf8, int from, int to) {
    return Math.min(to, utf8.length);
  }
}
