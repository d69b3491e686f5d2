package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code sparkformer tokenize}. */
@Command(
    name = "tokenize",
    sortOptions = false,
    description =
        "Makes a token data set of a text corpus: tokenizer, train and valid shards, dataset.json.")
final class TokenizeCommand implements Callable<TokenizeSummary> {

  @Option(
      names = "--input",
      required = true,
      arity = "1..*",
      paramLabel = "PATH",
      description =
          "Files, directories (with all below, but for names that start with _ or .) or globs, on any Hadoop file system.")
  private List<String> inputs;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "DIR",
      description = "The data set's directory.")
  private String output;

  @Option(
      names = "--tokenizer",
      defaultValue = "char",
      paramLabel = "NAME",
      description = "char: one token per character of the corpus. Default: ${DEFAULT-VALUE}.")
  private String tokenizer;

  @Option(
      names = "--format",
      defaultValue = "text",
      paramLabel = "FORMAT",
      description = "text: UTF-8, a file is a document. Default: ${DEFAULT-VALUE}.")
  private String format;

  @Option(
      names = "--split",
      defaultValue = "tail",
      paramLabel = "RULE",
      description = "tail: the last tokens are for validation. Default: ${DEFAULT-VALUE}.")
  private String split;

  @Option(
      names = "--valid-fraction",
      defaultValue = "0.1",
      paramLabel = "F",
      description = "Share of the tokens for validation. Default: ${DEFAULT-VALUE}.")
  private double validFraction;

  @Option(
      names = "--seed",
      defaultValue = "0",
      paramLabel = "N",
      description = "For splits that draw; recorded in dataset.json. Default: ${DEFAULT-VALUE}.")
  private long seed;

  @Option(names = "--overwrite", description = "Replace the output if it is a data set.")
  private boolean overwrite;

  @Option(
      names = "--malformed",
      defaultValue = "fail",
      paramLabel = "fail|replace",
      description =
          "Bytes that are not UTF-8: an error, or read as U+FFFD. Default: ${DEFAULT-VALUE}.")
  private String malformed;

  @Option(
      names = "--shard-mb",
      defaultValue = "256",
      paramLabel = "N",
      description = "Target size of a shard; a task writes a shard. Default: ${DEFAULT-VALUE}.")
  private int shardMb;

  @Override
  public TokenizeSummary call() throws Exception {
    TokenizeOptions options = options();
    try (JavaSparkContext spark = SparkContexts.open("tokenize")) {
      return new TokenizeJob(spark, options).run();
    }
  }

  TokenizeOptions options() {
    require(shardMb > 0, "--shard-mb is %d: it must be from 1 to 2048", shardMb);
    return new TokenizeOptions(
        inputs,
        output,
        tokenizer,
        format,
        split,
        validFraction,
        seed,
        overwrite ? ExistingOutput.REPLACE : ExistingOutput.REFUSE,
        MalformedInput.of(malformed),
        (long) shardMb << 20,
        TokenizeOptions.DEFAULT_CHUNK_BYTES);
  }
}
