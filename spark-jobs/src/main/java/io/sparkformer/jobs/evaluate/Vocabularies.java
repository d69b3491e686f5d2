package io.sparkformer.jobs.evaluate;

import static io.sparkformer.datasets.InvalidInputException.require;
import static io.sparkformer.datasets.Storage.shown;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.TextReading;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
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
  static void requireSame(
      ModelDirectory model, DatasetManifest manifest, FileSystem fileSystem, Path data)
      throws IOException {
    Optional<Tokenizer> tokenizer = model.tokenizer();
    if (tokenizer.isPresent()) {
      String fingerprint = tokenizer.get().fingerprint();
      require(
          tokenizer.get().isOf(manifest.tokenizer().fingerprint())
              || Tokenizers.read(fileSystem, data).fingerprint().equals(fingerprint),
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

  /**
   * Checks that a classifier's texts stand in the data set as it reads them.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it asks for tokens around them that
   *     are not there, or the other way round
   */
  static void requireSameReading(
      ModelDirectory model, DatasetManifest manifest, FileSystem fileSystem, Path data)
      throws IOException {
    if (model.config().head().kind() != Head.Kind.SEQUENCE_CLASSIFICATION) {
      return;
    }
    TextReading reading = model.reading();
    List<Integer> ends = new ArrayList<>();
    if (manifest.endsDocuments()) {
      Tokenizers.read(fileSystem, data).endOfText().ifPresent(ends::add);
    }
    boolean looksAtThem = reading.padding().map(id -> !ends.contains(id)).orElse(true);
    require(
        reading.before().isEmpty() && reading.after().equals(ends) && looksAtThem,
        "%s reads texts with the tokens %s before and %s behind them, %s has them with none before and %s behind:"
            + " evaluate a table of the texts with --input",
        shown(model.path()),
        reading.before(),
        reading.after(),
        shown(data),
        ends);
  }
}
