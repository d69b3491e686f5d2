package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.jobs.input.CorpusInput;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.output.ExistingOutput;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the tokenize job is asked for.
 *
 * @param output the data set's directory
 * @param tokenizer {@code char}, or what {@link io.sparkformer.datasets.tokenizer.Tokenizers#open}
 *     takes
 * @param dtype how tokens are stored; as the vocabulary needs it if empty
 * @param split how documents are chosen for validation
 * @param validFraction the validation split's share, from 0 to below 1
 * @param seed of the hash
 * @param shuffle seed of the documents' random order; in the corpus's order if empty
 * @param shardBytes about the size of a .bin file
 */
public record TokenizeOptions(
    CorpusInput input,
    String output,
    String tokenizer,
    Optional<TokenDtype> dtype,
    SplitMethod split,
    double validFraction,
    long seed,
    EndOfText endOfText,
    Duplicates duplicates,
    OptionalLong shuffle,
    ExistingOutput existing,
    MalformedInput malformed,
    long shardBytes) {

  static final String CHAR = "char";

  /** Keeps a shard of one sequence within the index's 32-bit sizes. */
  private static final long MAX_SHARD_BYTES = 2048L << 20;

  /** What becomes of documents that equal an earlier one. */
  public enum Duplicates {
    KEPT,
    DROPPED;

    static Duplicates of(String option) {
      require(
          option.equals("none") || option.equals("exact"),
          "--dedup is '%s': use none or exact",
          option);
      return option.equals("exact") ? DROPPED : KEPT;
    }
  }

  /** Whether every document ends with the tokenizer's end-of-text token, if it has one. */
  public enum EndOfText {
    APPENDED,
    NONE
  }

  public TokenizeOptions {
    require(!output.isBlank(), "--output is empty: give the data set's directory");
    require(
        split != SplitMethod.STRATIFIED || input.labelColumn().isPresent(),
        "--split stratified needs --label-column: name the column, or use --split hash");
    require(
        validFraction >= 0 && validFraction < 1,
        "--valid-fraction is %s: it must be at least 0 and below 1",
        validFraction);
    require(
        shardBytes > 0 && shardBytes <= MAX_SHARD_BYTES,
        "--shard-mb is %d: it must be from 1 to %d",
        shardBytes >> 20,
        MAX_SHARD_BYTES >> 20);
  }

  boolean isCharacterLevel() {
    return tokenizer.equals(CHAR);
  }

  /**
   * How a tokenizer's tokens are stored.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it has more than the dtype holds
   */
  TokenDtype dtypeOf(Tokenizer of) {
    TokenDtype chosen = dtype.orElseGet(() -> TokenDtype.forVocabSize(of.vocabSize()));
    require(
        of.vocabSize() - 1 <= chosen.maxToken(),
        "--dtype %s holds ids up to %d, but the tokenizer has %d tokens: use int32, or leave it out",
        chosen.label(),
        chosen.maxToken(),
        of.vocabSize());
    return chosen;
  }

  /** The options that decide the data set's content, for its manifest. */
  SortedMap<String, String> recorded() {
    SortedMap<String, String> recorded = new TreeMap<>();
    recorded.put("tokenizer", tokenizer);
    recorded.put("format", input.format().option());
    input.textColumn().ifPresent(column -> recorded.put("text_column", column));
    input.labelColumn().ifPresent(column -> recorded.put("label_column", column));
    if (!input.selection().include().isEmpty()) {
      recorded.put("include", String.join(" ", input.selection().include()));
    }
    if (!input.selection().exclude().isEmpty()) {
      recorded.put("exclude", String.join(" ", input.selection().exclude()));
    }
    recorded.put("split", split.option());
    recorded.put("valid_fraction", Double.toString(validFraction));
    recorded.put("seed", Long.toString(seed));
    recorded.put(DatasetManifest.END_OF_TEXT, Boolean.toString(endOfText == EndOfText.APPENDED));
    recorded.put("dedup", duplicates == Duplicates.DROPPED ? "exact" : "none");
    shuffle.ifPresent(shuffleSeed -> recorded.put("shuffle", Long.toString(shuffleSeed)));
    recorded.put("malformed", malformed == MalformedInput.REPLACE ? "replace" : "fail");
    recorded.put("shard_bytes", Long.toString(shardBytes));
    return recorded;
  }
}
