package io.sparkformer.jobs.vocabulary;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokenizer.training.BpeTrainer;
import io.sparkformer.jobs.input.CorpusInput;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.output.ExistingOutput;

/**
 * What the train-tokenizer job does.
 *
 * @param output the file to write, on any Hadoop file system
 * @param maxPretokens how many distinct pre-tokens the driver learns from at most
 * @param unitBytes about how much text a task counts
 */
record TrainTokenizerOptions(
    CorpusInput input,
    MalformedInput malformed,
    String output,
    ExistingOutput existing,
    BpeTrainer.Settings settings,
    int maxPretokens,
    long unitBytes) {

  /** Ids of tokenizers are below this. */
  static final int MAX_VOCAB_SIZE = 1 << 20;

  TrainTokenizerOptions {
    require(!output.isBlank(), "--output is empty: give the file to write, as tokenizer.json");
    require(
        settings.vocabSize() <= MAX_VOCAB_SIZE,
        "--vocab-size is %d: it must be %d or less",
        settings.vocabSize(),
        MAX_VOCAB_SIZE);
    require(maxPretokens > 0, "--max-pretokens is %d: it must be 1 or more", maxPretokens);
  }
}
