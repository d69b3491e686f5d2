package io.sparkformer.predict;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.TextReading;
import java.io.IOException;
import java.util.Optional;

/** Makes a model's input of texts; for one thread. */
public interface TextReader {

  /**
   * Reads texts as a model does, however long they are.
   *
   * @param tokenizer the model's
   */
  static TextReader uncut(ModelDirectory directory, Tokenizer tokenizer) throws IOException {
    TextReading reading = directory.reading();
    return new ModelTextReader(
        tokenizer,
        new TextReading(
            reading.before(),
            reading.after(),
            reading.truncate(),
            Optional.empty(),
            reading.padding()),
        directory.config().vocabSize(),
        Integer.MAX_VALUE);
  }

  /**
   * The token ids that the model reads of a text: of a long one those within its context.
   *
   * @return none if there is nothing to read
   * @throws io.sparkformer.datasets.InvalidInputException if there is no token for a character
   */
  int[] read(String text);
}
