package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.jobs.CorpusArguments;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.OutputArguments;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.tokenize.TokenizeOptions.Duplicates;
import io.sparkformer.jobs.tokenize.TokenizeOptions.EndOfText;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sparkformer tokenize}. */
@Command(
    name = "tokenize",
    sortOptions = false,
    description =
        "Makes a token data set of a corpus: tokenizer, train and valid shards, dataset.json. A job that was killed goes on from its finished shards when it is run again.")
public final class TokenizeCommand implements JobCommand, Callable<TokenizeResult> {

  @Mixin private CorpusArguments corpus;

  @Option(
      names = "--label-column",
      paramLabel = "COLUMN",
      description = "A table's labels: the data set gets shards of labels beside those of text.")
  private Optional<String> labelColumn;

  @Mixin private OutputArguments output;

  @Option(
      names = "--tokenizer",
      defaultValue = TokenizeOptions.CHAR,
      paramLabel = "NAME|PATH",
      description =
          "char: one token per character of the corpus; gpt2, cl100k_base, o200k_base; a tokenizer.json, or a directory with one, or with vocab.json and merges.txt. Default: ${DEFAULT-VALUE}.")
  private String tokenizer;

  @Option(
      names = "--dtype",
      paramLabel = "uint16|int32",
      description = "How tokens are stored. Default: uint16 for vocabularies below 65,500.")
  private Optional<String> dtype;

  @Option(
      names = "--split",
      defaultValue = "tail",
      paramLabel = "RULE",
      description = {
        "tail: the last characters of the corpus are for validation;",
        "hash: documents are drawn by their text, equal ones to the same split;",
        "stratified: so that every label has its share. Default: ${DEFAULT-VALUE}."
      })
  private String split;

  @Option(
      names = "--valid-fraction",
      defaultValue = "0.1",
      paramLabel = "F",
      description = "Share of the corpus for validation. Default: ${DEFAULT-VALUE}.")
  private double validFraction;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "For splits that draw. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(
      names = "--end-of-text",
      defaultValue = "true",
      arity = "1",
      paramLabel = "true|false",
      description =
          "Whether documents end with the tokenizer's end-of-text token, if it has one. Default: ${DEFAULT-VALUE}.")
  private boolean endOfText;

  @Option(
      names = "--dedup",
      defaultValue = "none",
      paramLabel = "none|exact",
      description = "exact: of equal documents only the first is taken. Default: ${DEFAULT-VALUE}.")
  private String dedup;

  @Option(
      names = "--shuffle",
      paramLabel = "SEED",
      description = "Puts the documents in a random order. Default: the order of the corpus.")
  private Long shuffle;

  @Option(
      names = "--shard-mb",
      defaultValue = "64",
      paramLabel = "N",
      description =
          "About the size of a shard; a task makes a shard of each split. Default: ${DEFAULT-VALUE}.")
  private int shardMb;

  @Override
  public TokenizeResult call() throws Exception {
    TokenizeOptions options = options();
    try (JavaSparkContext spark = SparkContexts.openTables("tokenize")) {
      return new TokenizeJob(spark, options).run();
    }
  }

  TokenizeOptions options() {
    require(shardMb > 0, "--shard-mb is %d: it must be from 1 to 2048", shardMb);
    return new TokenizeOptions(
        corpus.input(labelColumn),
        output.path(),
        tokenizer,
        dtype.map(TokenizeCommand::dtype),
        SplitMethod.of(split),
        validFraction,
        seed,
        endOfText ? EndOfText.APPENDED : EndOfText.NONE,
        Duplicates.of(dedup),
        shuffle == null ? OptionalLong.empty() : OptionalLong.of(shuffle),
        output.existing(),
        corpus.malformed(),
        (long) shardMb << 20);
  }

  private static TokenDtype dtype(String name) {
    return switch (name) {
      case "uint16" -> TokenDtype.UINT16;
      case "int32" -> TokenDtype.INT32;
      default -> throw new InvalidInputException("--dtype is '" + name + "': use uint16 or int32");
    };
  }
}
