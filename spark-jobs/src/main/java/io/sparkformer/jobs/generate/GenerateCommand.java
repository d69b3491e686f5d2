package io.sparkformer.jobs.generate;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import io.sparkformer.datasets.tokenizer.DecodeStream;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.generate.Continuation;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.SamplingOptions.Choice;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.generate.TextGenerator.TokenListener;
import io.sparkformer.jobs.GivenText;
import io.sparkformer.jobs.JobCommand;
import io.sparkformer.jobs.ModelArguments;
import io.sparkformer.jobs.cluster.SparkContexts;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import java.io.IOException;
import java.io.PrintWriter;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ThreadLocalRandom;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/**
 * {@code sparkformer generate}.
 *
 * <p>Runs in the driver, without a Spark application: there is nothing to distribute.
 */
@Command(
    name = "generate",
    sortOptions = false,
    description = "Continues a prompt. One sample is shown while it is made, several when all are.")
public final class GenerateCommand implements JobCommand, Callable<GenerateResult> {

  /** Numbers that a step works with, below which threads cost more than they bring. */
  private static final long SMALL_STEP = 4_000_000;

  @Spec private CommandSpec spec;

  @Mixin private ModelArguments model;

  @ArgGroup(multiplicity = "1")
  private Prompt prompt;

  @Option(
      names = "--max-new-tokens",
      defaultValue = "200",
      paramLabel = "N",
      description = "Tokens of a sample; an end-of-text token ends it. Default: ${DEFAULT-VALUE}.")
  private int maxNewTokens;

  @Option(
      names = "--temperature",
      defaultValue = "1",
      paramLabel = "T",
      description = "Below 1 more of the likely, above 1 less. Default: ${DEFAULT-VALUE}.")
  private double temperature;

  @Option(
      names = "--top-k",
      defaultValue = "0",
      paramLabel = "K",
      description = "Draw from the K most likely tokens; 0: from all. Default: ${DEFAULT-VALUE}.")
  private int topK;

  @Option(
      names = "--top-p",
      defaultValue = "1",
      paramLabel = "P",
      description =
          "Draw from the fewest tokens that together have probability P. Default: ${DEFAULT-VALUE}.")
  private double topP;

  @Option(names = "--greedy", description = "Take the most likely token instead of drawing.")
  private boolean greedy;

  @Option(
      names = "--seed",
      paramLabel = "N",
      description = "The same seed gives the same samples. Default: another one each time.")
  private Optional<Long> seed = Optional.empty();

  @Option(
      names = "--num-samples",
      defaultValue = "1",
      paramLabel = "N",
      description = "Texts to make of the prompt. Default: ${DEFAULT-VALUE}.")
  private int numSamples;

  @Option(
      names = "--threads",
      paramLabel = "N",
      description = "Default: one for a small model, else all cores.")
  private Optional<Integer> threads = Optional.empty();

  /** What is to be continued; picocli sets one of the two. */
  private static final class Prompt {

    @Option(
        names = "--prompt",
        required = true,
        paramLabel = "TEXT",
        description = "The text to continue.")
    private String text;

    @Option(
        names = "--prompt-ids",
        required = true,
        split = ",",
        paramLabel = "ID",
        description = "The same as token ids.")
    private int[] ids;
  }

  @Override
  public GenerateResult call() throws IOException {
    SamplingOptions options = options();
    require(threads.orElse(1) > 0, "--threads is %d: it must be at least 1", threads.orElse(1));
    ModelDirectory directory = model.open(SparkContexts.hadoopConfiguration());
    GivenText given =
        GivenText.of(
            directory, new GivenText.Options("--prompt", prompt.text, "--prompt-ids", prompt.ids));
    Optional<Tokenizer> tokenizer = given.tokenizer();
    int[] ids = given.ids();
    TextGenerator.requirePrompt(ids, directory.config());
    TokenText text = TokenText.of(tokenizer);
    DecodeStream shown = text.stream();
    String start = shown.next(ids);
    try (Gpt gpt = directory.load(Precision.FP32, Device.cpu())) {
      Kernels.threads(threads.orElseGet(() -> threadsFor(gpt)));
      TextGenerator generator = generator(gpt, tokenizer, directory.endOfText());
      long startNanos = System.nanoTime();
      List<Continuation> samples =
          numSamples == 1
              ? streamed(generator, ids, options, start, shown)
              : generator.generate(ids, options, (sample, id) -> {});
      GenerateResult result =
          result(ids, samples, options, text, (System.nanoTime() - startNanos) / 1e9);
      if (numSamples > 1) {
        show(result.samples());
      }
      return result;
    }
  }

  private SamplingOptions options() {
    return new SamplingOptions(
        maxNewTokens,
        greedy ? Choice.MOST_LIKELY : Choice.DRAWN,
        temperature,
        topK,
        topP,
        seed.orElseGet(() -> (long) ThreadLocalRandom.current().nextInt(Integer.MAX_VALUE)),
        numSamples);
  }

  private int threadsFor(Gpt gpt) {
    boolean small = gpt.parameterCount() * numSamples < SMALL_STEP;
    return small ? 1 : Runtime.getRuntime().availableProcessors();
  }

  private static TextGenerator generator(
      Gpt model, Optional<Tokenizer> tokenizer, List<Integer> endOfText) {
    TextGenerator generator = TextGenerator.of(model, endOfText);
    return tokenizer.map(t -> generator.limitedTo(t.vocabSize())).orElse(generator);
  }

  private List<Continuation> streamed(
      TextGenerator generator,
      int[] ids,
      SamplingOptions options,
      String start,
      DecodeStream text) {
    PrintWriter out = spec.commandLine().getOut();
    out.print(start);
    out.flush();
    TokenListener show =
        (sample, id) -> {
          out.print(text.next(id));
          out.flush();
        };
    try {
      return generator.generate(ids, options, show);
    } finally {
      out.println(text.rest());
    }
  }

  private void show(List<String> samples) {
    PrintWriter out = spec.commandLine().getOut();
    for (int i = 0; i < samples.size(); i++) {
      out.printf("--- sample %d of %d ---%n%s%n", i + 1, samples.size(), samples.get(i));
    }
    out.flush();
  }

  private GenerateResult result(
      int[] ids,
      List<Continuation> samples,
      SamplingOptions options,
      TokenText text,
      double seconds) {
    long newTokens = samples.stream().mapToLong(sample -> sample.ids().size()).sum();
    return new GenerateResult(
        samples.stream().map(sample -> text.whole(ids, sample.ids())).toList(),
        samples.stream().map(Continuation::ids).toList(),
        ids.length,
        newTokens,
        seconds,
        newTokens / seconds,
        samples.stream().map(sample -> sample.stoppedBy().label()).toList(),
        options.seed(),
        model.path());
  }
}
