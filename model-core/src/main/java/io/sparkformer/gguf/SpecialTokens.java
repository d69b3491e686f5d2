package io.sparkformer.gguf;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.TextReading;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokens that llama.cpp puts before texts, and ends them at.
 *
 * @param before id of the one before each text, if there is one
 * @param endOfText id of the one that ends a text
 */
record SpecialTokens(Optional<Integer> before, int endOfText) {

  private static final Logger LOG = LoggerFactory.getLogger(SpecialTokens.class);

  /**
   * A model's.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if there is no end of a text, or other
   *     tokens stand around texts than GGUF can say
   */
  static SpecialTokens of(ModelDirectory model, Tokenizer tokenizer) throws IOException {
    TextReading reading = model.reading();
    int before = reading.before().size();
    int after = reading.after().size();
    // llama.cpp could add the token that ends texts behind them, but its programs abort at that.
    require(
        before <= 1 && after == 0,
        "%s: its tokenizer puts tokens around texts, %d before and %d behind them, of which llama.cpp"
            + " can add a single one before them alone: take the others out of the post_processor in its %s"
            + " if texts go without, or pass --format torchscript",
        model.path(),
        before,
        after,
        Tokenizer.FILE_NAME);
    return new SpecialTokens(reading.before().stream().findFirst(), endOfText(model, tokenizer));
  }

  /** Left to itself, llama.cpp ends texts at the token 11, a comma in GPT-2. */
  private static int endOfText(ModelDirectory model, Tokenizer tokenizer) throws IOException {
    List<Integer> ids = model.endOfText();
    int id = ids.stream().findFirst().orElse(tokenizer.endOfText().orElse(-1));
    require(
        id >= 0 && id < model.config().vocabSize(),
        "%s has no token that ends a text, which llama.cpp asks for: name one as eos_token_id in its %s",
        model.path(),
        ModelDirectory.CONFIG);
    if (ids.size() > 1) {
      LOG.warn(
          "{} ends texts at the tokens {}: a GGUF file names one, {}, so llama.cpp does not end them at {}",
          model.path(),
          ids,
          id,
          ids.subList(1, ids.size()));
    }
    return id;
  }

  /** Without a token before texts, the one that ends them stands for it, as in GPT-2. */
  void putInto(GgufMetadata metadata) {
    metadata
        .put("tokenizer.ggml.bos_token_id", (int) before.orElse(endOfText))
        .put("tokenizer.ggml.eos_token_id", endOfText)
        .put("tokenizer.ggml.add_bos_token", before.isPresent());
  }
}
