package io.sparkformer.datasets.pretokenizer;

/**
 * How byte-level BPE tokenizers cut a text into the pieces that are encoded by themselves.
 *
 * <p>What their regular expressions match, with HuggingFace's library's classes of characters, by
 * hand-written scanners whose time is linear in the text.
 */
public enum Pretokenizer {
  /**
   * GPT-2's, r50k_base: {@code 's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|
   * \s+(?!\S)|\s+}.
   */
  GPT2 {
    @Override
    public int end(byte[] utf8, int from, int to) {
      return Gpt2Scanner.end(utf8, from, to);
    }
  },
  /**
   * cl100k_base, Llama 3: {@code (?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+| \p{N}{1,3}|
   * ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+}.
   */
  CL100K {
    @Override
    public int end(byte[] utf8, int from, int to) {
      return Cl100kScanner.end(utf8, from, to, 3);
    }
  },
  /** As cl100k_base, but digits one by one: Qwen 2. */
  QWEN2 {
    @Override
    public int end(byte[] utf8, int from, int to) {
      return Cl100kScanner.end(utf8, from, to, 1);
    }
  },
  /**
   * o200k_base: {@code [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*
   * [\p{Ll}\p{Lm}\p{Lo}\p{M}]+(?i:'s|'t|'re|'ve|'m|'ll|'d)?|
   * [^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+
   * [\p{Ll}\p{Lm}\p{Lo}\p{M}]*(?i:'s|'t|'re|'ve|'m|'ll|'d)?|\p{N}{1,3}|
   * ?[^\s\p{L}\p{N}]+[\r\n/]*|\s*[\r\n]+|\s+(?!\S)|\s+}.
   */
  O200K {
    @Override
    public int end(byte[] utf8, int from, int to) {
      return O200kScanner.end(utf8, from, to);
    }
  };

  /**
   * The end of the pre-token that begins at {@code from}.
   *
   * @param utf8 any bytes; those that are not UTF-8 count as symbols
   * @param to the text's end, above {@code from}
   */
  public abstract int end(byte[] utf8, int from, int to);
}
