package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.predict.TextReader;
import java.io.IOException;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A text for a model, given as such or as token ids.
 *
 * @param tokenizer the model's, if it has one that can be read
 * @param ids of the text
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
public record GivenText(Optional<Tokenizer> tokenizer, int[] ids) {

  private static final Logger LOG = LoggerFactory.getLogger(GivenText.class);

  /**
   * An option that gives text, and one that gives ids in its place.
   *
   * @param text null if ids are given
   * @param ids null if text is given
   */
  @SuppressWarnings("ArrayRecordComponent") // Compared by no one.
  public record Options(String textOption, String text, String idsOption, int[] ids) {}

  /**
   * Reads what was given. Ids need no tokenizer, and may belong to a model whose tokenizer is of a
   * kind we do not read.
   *
   * @throws InvalidInputException if it is text, and the model has no tokenizer for it
   */
  public static GivenText of(ModelDirectory model, Options given) throws IOException {
    if (given.ids() != null) {
      return new GivenText(tokenizerIfAny(model), given.ids());
    }
    Optional<Tokenizer> tokenizer = model.tokenizer();
    require(
        tokenizer.isPresent(),
        "%s has no %s, so %s cannot be read: give the text as token ids with %s",
        model.path(),
        Tokenizer.FILE_NAME,
        given.textOption(),
        given.idsOption());
    return new GivenText(tokenizer, TextReader.uncut(model, tokenizer.get()).read(given.text()));
  }

  private static Optional<Tokenizer> tokenizerIfAny(ModelDirectory model) throws IOException {
    try {
      return model.tokenizer();
    } catch (InvalidInputException e) {
      LOG.warn("tokens are shown as ids: {}", e.getMessage());
      return Optional.empty();
    }
  }
}
