package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.jobs.input.CorpusInput;
import io.sparkformer.jobs.input.FileSelection;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.output.ExistingOutput;
import io.sparkformer.jobs.tokenize.TokenizeOptions.Duplicates;
import io.sparkformer.jobs.tokenize.TokenizeOptions.EndOfText;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;

/** Options of the tokenize job for tests: its defaults, changed one at a time. */
final class TokenizeOptionsFixture {

  private final String output;
  private CorpusInput input;
  private String tokenizer = "char";
  private Optional<TokenDtype> dtype = Optional.empty();
  private String split = "tail";
  private double validFraction = 0.1;
  private long seed;
  private EndOfText endOfText = EndOfText.APPENDED;
  private Duplicates duplicates = Duplicates.KEPT;
  private OptionalLong shuffle = OptionalLong.empty();
  private ExistingOutput existing = ExistingOutput.REFUSE;
  private MalformedInput malformed = MalformedInput.FAIL;
  private long shardBytes = 64L << 20;

  private TokenizeOptionsFixture(CorpusInput input, String output) {
    this.input = input;
    this.output = output;
  }

  static TokenizeOptionsFixture of(List<String> inputs, String output) {
    return new TokenizeOptionsFixture(
        new CorpusInput(inputs, InputFormat.TEXT, Optional.empty(), Optional.empty()), output);
  }

  TokenizeOptionsFixture format(InputFormat format) {
    input = new CorpusInput(input.inputs(), format, Optional.empty(), Optional.empty());
    return this;
  }

  TokenizeOptionsFixture excluding(String... globs) {
    FileSelection selection = new FileSelection(List.of(), List.of(globs));
    input =
        new CorpusInput(
            input.inputs(), input.format(), selection, Optional.empty(), Optional.empty());
    return this;
  }

  TokenizeOptionsFixture table(InputFormat format, String textColumn, Optional<String> label) {
    input = new CorpusInput(input.inputs(), format, Optional.of(textColumn), label);
    return this;
  }

  TokenizeOptionsFixture tokenizer(String value) {
    tokenizer = value;
    return this;
  }

  TokenizeOptionsFixture dtype(TokenDtype value) {
    dtype = Optional.of(value);
    return this;
  }

  TokenizeOptionsFixture split(String value) {
    split = value;
    return this;
  }

  TokenizeOptionsFixture validFraction(double value) {
    validFraction = value;
    return this;
  }

  TokenizeOptionsFixture seed(long value) {
    seed = value;
    return this;
  }

  TokenizeOptionsFixture endOfText(EndOfText value) {
    endOfText = value;
    return this;
  }

  TokenizeOptionsFixture duplicatesDropped() {
    duplicates = Duplicates.DROPPED;
    return this;
  }

  TokenizeOptionsFixture shuffled(long value) {
    shuffle = OptionalLong.of(value);
    return this;
  }

  TokenizeOptionsFixture overwriting() {
    existing = ExistingOutput.REPLACE;
    return this;
  }

  TokenizeOptionsFixture replacing() {
    malformed = MalformedInput.REPLACE;
    return this;
  }

  TokenizeOptionsFixture shardBytes(long value) {
    shardBytes = value;
    return this;
  }

  TokenizeOptions options() {
    return new TokenizeOptions(
        input,
        output,
        tokenizer,
        dtype,
        SplitMethod.of(split),
        validFraction,
        seed,
        endOfText,
        duplicates,
        shuffle,
        existing,
        malformed,
        shardBytes);
  }
}
