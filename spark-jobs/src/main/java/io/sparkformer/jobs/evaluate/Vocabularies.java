package io.sparkformer.jobs.evaluate;

import static io.sparkformer.datasets.InvalidInputException.require;
import static io.sparkformer.datasets.Storage.shown;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.model.ModelDirectory;
import java.io.IOException;
import java.util.Optional;
import org.apache.hadoop.fs.Path;

/** Whether token ids mean the same to a model and to a data set. */
final class Vocabularies {

  /** Vocabularies are padded up to a multiple of 64 or 128, for speed. */
  private static final int PADDED_TO = 128;

  private static final String REMEDY =
      "use a model that was trained on this data set, or tokenize the text with the model's tokenizer";

  private Vocabularies() {}

  /**
   * Compares the tokenizers; for a model that comes without one, the numbers of tokens.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if they differ
   */
  static void requireSame(ModelDirectory model, DatasetManifest manifest, Path data)
      throws IOException {
    Optional<Tokenizer> tokenizer = model.tokenizer();
    if (tokenizer.isPresent()) {
      String fingerprint = tokenizer.get().fingerprint();
      require(
          fingerprint.equals(manifest.tokenizer().fingerprint()),
          "the model and the data set have different vocabularies: %s has %d tokens (fingerprint %.12s), %s has %d (%.12s): %s",
          shown(model.path()),
          tokenizer.get().vocabSize(),
          fingerprint,
          shown(data),
          manifest.vocabSize(),
          manifest.tokenizer().fingerprint(),
          REMEDY);
    } else {
      int modelTokens = model.config().vocabSize();
      int dataTokens = manifest.vocabSize();
      require(
          dataTokens <= modelTokens && modelTokens < dataTokens + PADDED_TO,
          "the model and the data set have different vocabularies: %s has %d tokens, %s has %d: %s",
          shown(model.path()),
          modelTokens,
          shown(data),
          dataTokens,
          REMEDY);
    }
  }
}
