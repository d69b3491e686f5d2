package io.sparkformer.jobs.dataset;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.cluster.SparkContexts;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code sparkformer dataset show}. */
@Command(
    name = "show",
    sortOptions = false,
    description = "Shows a data set's counts, the lengths of its documents, and how some begin.")
final class DatasetShowCommand implements Callable<DatasetShowResult> {

  private static final String COUNTS = "%-8s %15s %15s %17s %17s %17s %7s%n";
  private static final String LENGTHS = "%-8s %9s %9s %9s %12s %9s %9s %11s%n";

  @Option(names = "--data", required = true, paramLabel = "DIR", description = "The data set.")
  private String data;

  @Option(
      names = "--samples",
      defaultValue = "1",
      paramLabel = "N",
      description = "Documents to show of each split. Default: ${DEFAULT-VALUE}.")
  private int samples;

  @Option(
      names = "--sample-tokens",
      defaultValue = "64",
      paramLabel = "N",
      description = "Tokens to show of a document, at most. Default: ${DEFAULT-VALUE}.")
  private int sampleTokens;

  @Spec private CommandSpec spec;

  @Override
  public DatasetShowResult call() throws IOException {
    require(samples >= 0, "--samples is %d: it must be at least 0", samples);
    require(
        sampleTokens > 0 && sampleTokens <= 1 << 20,
        "--sample-tokens is %d: it must be from 1 to %d",
        sampleTokens,
        1 << 20);
    DatasetShowResult result =
        DatasetView.read(
            SparkContexts.hadoopConfiguration(), Storage.path(data), samples, sampleTokens);
    print(result, spec.commandLine().getOut());
    return result;
  }

  private static void print(DatasetShowResult result, PrintWriter out) {
    print(
        out,
        "%s: vocabulary of %,d tokens, stored as %s, tokenizer %.12s%n%n",
        result.data(),
        result.vocabSize(),
        result.dtype().label(),
        result.tokenizerFingerprint());
    print(
        out, COUNTS, "split", "documents", "sequences", "tokens", "characters", "bytes", "shards");
    result
        .splits()
        .forEach(
            (name, s) ->
                print(
                    out,
                    COUNTS,
                    name,
                    grouped(s.documents()),
                    grouped(s.sequences()),
                    grouped(s.tokens()),
                    grouped(s.characters()),
                    grouped(s.bytes()),
                    grouped(s.shards())));
    print(out, "%nTokens per document%n");
    print(out, LENGTHS, "split", "min", "p10", "median", "mean", "p90", "p99", "max");
    result.splits().forEach((name, s) -> printLengths(out, name.label(), s.tokensPerDocument()));
    result
        .splits()
        .forEach((name, s) -> s.samples().forEach(text -> print(out, "%n%s: %s%n", name, text)));
    out.println();
  }

  private static void printLengths(PrintWriter out, String name, TokensPerDocument lengths) {
    print(
        out,
        LENGTHS,
        name,
        grouped(lengths.min()),
        grouped(lengths.p10()),
        grouped(lengths.median()),
        String.format(Locale.ROOT, "%,.1f", lengths.mean()),
        grouped(lengths.p90()),
        grouped(lengths.p99()),
        grouped(lengths.max()));
  }

  private static String grouped(long number) {
    return String.format(Locale.ROOT, "%,d", number);
  }

  private static void print(PrintWriter out, String format, Object... values) {
    out.printf(Locale.ROOT, format, values);
  }
}
