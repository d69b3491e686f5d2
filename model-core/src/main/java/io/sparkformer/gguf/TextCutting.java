package io.sparkformer.gguf;

import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import java.util.Optional;

/**
 * llama.cpp's names for how a text is cut into pieces, and each piece into tokens ({@code
 * tokenizer.ggml.pre}).
 *
 * <p>A name stands for a regular expression and for whether pieces are looked up as a whole.
 */
final class TextCutting {

  private TextCutting() {}

  /** The name of a way whose pieces are merged. */
  static String merged(Pretokenizer pretokenizer) {
    return switch (pretokenizer) {
      case GPT2 -> "gpt-2";
      case CL100K -> "dbrx";
      case QWEN2 -> "qwen2";
      case O200K -> "gpt-4o";
    };
  }

  /** The name of a way whose pieces are looked up before they are merged, if there is one. */
  static Optional<String> lookedUp(Pretokenizer pretokenizer) {
    return switch (pretokenizer) {
      case CL100K -> Optional.of("llama-bpe");
      case GPT2, QWEN2, O200K -> Optional.empty();
    };
  }
}
