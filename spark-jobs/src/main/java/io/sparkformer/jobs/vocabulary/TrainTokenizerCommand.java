package io.sparkformer.jobs.vocabulary;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.pretokenizer.Pretokenizer;
import io.sparkformer.datasets.tokenizer.training.BpeTrainer;
import io.sparkformer.jobs.CorpusArguments;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.jobs.output.ExistingOutput;
import java.util.List;
import java.util.concurrent.Callable;
import org.apache.spark.api.java.JavaSparkContext;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code sparkformer train-tokenizer}. */
@Command(
    name = "train-tokenizer",
    sortOptions = false,
    description =
        "Trains a byte-level BPE vocabulary on a corpus: a tokenizer.json, for 'tokenize --tokenizer' and HuggingFace's libraries. It depends on the documents alone, not on executors or cores.")
public final class TrainTokenizerCommand implements JobCommand, Callable<TrainTokenizerResult> {

  /** A task's text: enough that words repeat, little enough for many tasks. */
  private static final long UNIT_BYTES = 32L << 20;

  @Mixin private CorpusArguments corpus;

  @Option(
      names = "--output",
      required = true,
      paramLabel = "FILE",
      description = "The tokenizer.json to write; directories above it are made.")
  private String output;

  @Option(
      names = "--vocab-size",
      defaultValue = "8192",
      paramLabel = "N",
      description =
          "Tokens: the 256 bytes, those that are learned, the special ones. Default: ${DEFAULT-VALUE}.")
  private int vocabSize;

  @Option(
      names = "--pretokenizer",
      defaultValue = "gpt2",
      paramLabel = "NAME",
      description =
          "How texts are cut into words, which tokens never reach across: gpt2, cl100k, o200k or qwen2. Default: ${DEFAULT-VALUE}.")
  private String pretokenizer;

  @Option(
      names = "--special-token",
      arity = "1..*",
      defaultValue = BpeTrainer.END_OF_TEXT,
      paramLabel = "TOKEN",
      description =
          "Tokens with the last ids, which texts are not merged into. Default: ${DEFAULT-VALUE}.")
  private List<String> specialTokens;

  @Option(
      names = "--min-count",
      defaultValue = "2",
      paramLabel = "N",
      description =
          "How often a pair must occur to become a token; fewer tokens are learned if too few do. Default: ${DEFAULT-VALUE}.")
  private long minCount;

  @Option(
      names = "--max-pretokens",
      defaultValue = "4000000",
      paramLabel = "N",
      description =
          "Distinct words to learn from at most; of more, the rarest are left out. The driver takes about 200 bytes for each. Default: ${DEFAULT-VALUE}.")
  private int maxPretokens;

  @Option(names = "--overwrite", description = "Replace the output if it is a tokenizer.")
  private boolean overwrite;

  @Override
  public TrainTokenizerResult call() throws Exception {
    TrainTokenizerOptions options = options();
    try (JavaSparkContext spark = SparkContexts.openTables("train-tokenizer")) {
      return new TrainTokenizerJob(spark, options).run();
    }
  }

  TrainTokenizerOptions options() {
    return new TrainTokenizerOptions(
        corpus.input(),
        corpus.malformed(),
        output,
        overwrite ? ExistingOutput.REPLACE : ExistingOutput.REFUSE,
        new BpeTrainer.Settings(vocabSize, minCount, pretokenizer(pretokenizer), specialTokens),
        maxPretokens,
        UNIT_BYTES);
  }

  private static Pretokenizer pretokenizer(String name) {
    return switch (name) {
      case "gpt2" -> Pretokenizer.GPT2;
      case "cl100k" -> Pretokenizer.CL100K;
      case "o200k" -> Pretokenizer.O200K;
      case "qwen2" -> Pretokenizer.QWEN2;
      default ->
          throw new InvalidInputException(
              "--pretokenizer is '" + name + "': use gpt2, cl100k, o200k or qwen2");
    };
  }
}
