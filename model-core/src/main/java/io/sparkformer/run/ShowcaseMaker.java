package io.sparkformer.run;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.datasets.tokens.TokenSequences;
import io.sparkformer.datasets.tokens.TokenStream;
import io.sparkformer.evaluation.Showcase;
import io.sparkformer.evaluation.Showcase.GeneratedText;
import io.sparkformer.evaluation.Showcase.NextToken;
import io.sparkformer.evaluation.Showcase.PredictedText;
import io.sparkformer.evaluation.TokenNames;
import io.sparkformer.generate.Continuation;
import io.sparkformer.generate.SamplingOptions;
import io.sparkformer.generate.TextGenerator;
import io.sparkformer.model.AttentionMaps;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ProblemType;
import io.sparkformer.recipe.SampleFormat;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.LongStream;

/**
 * Puts a model to work on examples of the valid split, or of the train split if there is no other;
 * the larger it is, the fewer.
 */
final class ShowcaseMaker {

  private static final long SEED = 1;
  private static final double TEMPERATURE = 0.8;

  private static final int SAMPLES = 3;
  private static final int MOST_NEW_TOKENS = 200;
  private static final int PROMPT_TOKENS = 8;

  /** As many tokens as one can still tell apart in a picture. */
  private static final int SHOWN_TOKENS = 32;

  private static final int NEXT_TOKENS = 10;
  private static final int CLASSIFIED_TEXTS = 12;
  private static final int LABELLED_TEXTS = 6;
  private static final int TEXT = 300;

  /** Parameters x tokens that a processor passes in about a second. */
  private static final double WORK = 1e10;

  private final Gpt model;
  private final TokenDataset data;
  private final SampleFormat format;
  private final ModelConfig config;
  private final Tokenizer tokenizer;
  private final List<String> labels;
  private final SplitName split;

  private ShowcaseMaker(Gpt model, TokenDataset data, SampleFormat format) {
    this.model = model;
    this.data = data;
    this.format = format;
    this.config = model.config();
    this.tokenizer = data.tokenizer();
    this.labels = data.manifest().labels();
    this.split = data.manifest().has(SplitName.VALID) ? SplitName.VALID : SplitName.TRAIN;
  }

  /**
   * The same model and data give the same showcase.
   *
   * @param model of float32 precision; stays the caller's
   * @param format how a split becomes rows
   * @param step updates that it has had
   */
  static Showcase of(Gpt model, TokenDataset data, SampleFormat format, long step)
      throws IOException {
    ShowcaseMaker maker = new ShowcaseMaker(model, data, format);
    return model.config().head().kind() == Head.Kind.LANGUAGE_MODEL
        ? maker.ofText(step)
        : maker.ofLabels(step);
  }

  private Showcase ofText(long step) throws IOException {
    TokenStream text = data.split(split);
    int[] beginning = beginning(text);
    if (beginning.length == 0) {
      return new Showcase(step, List.of(), List.of(), "", List.of(), List.of(), new float[0][][][]);
    }
    AttentionMaps maps =
        AttentionMaps.of(model, ProblemType.SINGLE_LABEL_CLASSIFICATION, beginning);
    List<GeneratedText> generated =
        config.mask() == ModelConfig.Mask.CAUSAL ? generated(beginning) : List.of();
    return new Showcase(
        step,
        generated,
        List.of(),
        tokenizer.decode(beginning),
        nextTokens(maps.probabilities()[beginning.length - 1]),
        TokenNames.of(Optional.of(tokenizer)).of(beginning),
        maps.weights());
  }

  private int[] beginning(TokenStream text) {
    int count = (int) Math.min(text.length(), Math.min(SHOWN_TOKENS, config.contextLength()));
    long[] ids = new long[count];
    text.read(0, count, ids, 0);
    return toInts(ids);
  }

  private static int[] toInts(long[] ids) {
    return Arrays.stream(ids).mapToInt(Math::toIntExact).toArray();
  }

  private List<GeneratedText> generated(int[] beginning) {
    int[] prompt =
        Arrays.copyOf(
            beginning,
            Math.min(beginning.length, Math.min(PROMPT_TOKENS, (config.contextLength() + 1) / 2)));
    int newTokens =
        (int) Math.max(16, Math.min(MOST_NEW_TOKENS, WORK / SAMPLES / model.parameterCount()));
    List<Integer> endOfText = tokenizer.endOfText().stream().boxed().toList();
    List<Continuation> continuations =
        TextGenerator.of(model, endOfText)
            .limitedTo(tokenizer.vocabSize())
            .generate(
                prompt,
                new SamplingOptions(
                    newTokens, SamplingOptions.Choice.DRAWN, TEMPERATURE, 0, 1, SEED, SAMPLES),
                (sample, id) -> {});
    return continuations.stream().map(continuation -> generated(prompt, continuation)).toList();
  }

  /** Cut from the whole, since a token may be a part of a character. */
  private GeneratedText generated(int[] prompt, Continuation continuation) {
    int[] whole =
        IntStream.concat(
                Arrays.stream(prompt), continuation.ids().stream().mapToInt(Integer::intValue))
            .toArray();
    String start = tokenizer.decode(prompt);
    String text = tokenizer.decode(whole);
    return text.startsWith(start)
        ? new GeneratedText(start, text.substring(start.length()))
        : new GeneratedText("", text);
  }

  private List<NextToken> nextTokens(float[] probabilities) {
    TokenNames names = TokenNames.of(Optional.of(tokenizer));
    return IntStream.range(0, probabilities.length)
        .boxed()
        .sorted(Comparator.comparingDouble(id -> -probabilities[id]))
        .limit(NEXT_TOKENS)
        .map(id -> new NextToken(names.of(id), probabilities[id]))
        .toList();
  }

  @SuppressWarnings("ArrayRecordComponent") // Compared by no one.
  private record Example(int[] ids, PredictedText prediction) {
    boolean isRight() {
      return prediction.actual().equals(prediction.predicted());
    }
  }

  private Showcase ofLabels(long step) throws IOException {
    TokenSequences text = data.sequences(split);
    TokenSequences answers = data.labels(split);
    int wanted =
        config.head().kind() == Head.Kind.SEQUENCE_CLASSIFICATION
            ? CLASSIFIED_TEXTS
            : LABELLED_TEXTS;
    double work = (double) model.parameterCount() * Math.min(SHOWN_TOKENS, config.contextLength());
    long looked = Math.min(text.count(), (long) Math.max(wanted, Math.min(64, WORK / work)));
    List<Example> examples = new ArrayList<>();
    for (long sequence = 0; sequence < looked; sequence++) {
      if (text.length(sequence) > 0 && counts(answers, sequence)) {
        examples.add(example(text, answers, sequence));
      }
    }
    return showcase(step, examples, mixed(examples, wanted));
  }

  private Showcase showcase(long step, List<Example> examples, List<Example> shown) {
    List<PredictedText> predicted = shown.stream().map(Example::prediction).toList();
    Optional<int[]> shortest =
        examples.stream().map(Example::ids).min(Comparator.comparingInt(ids -> ids.length));
    if (shortest.isEmpty()) {
      return new Showcase(step, List.of(), predicted, "", List.of(), List.of(), new float[0][][][]);
    }
    int[] ids = Arrays.copyOf(shortest.get(), Math.min(SHOWN_TOKENS, shortest.get().length));
    return new Showcase(
        step,
        List.of(),
        predicted,
        tokenizer.decode(ids),
        List.of(),
        TokenNames.of(Optional.of(tokenizer)).of(ids),
        AttentionMaps.of(model, ProblemType.SINGLE_LABEL_CLASSIFICATION, ids).weights());
  }

  /** Half of them wrong, if there are as many, in the split's order. */
  private static List<Example> mixed(List<Example> examples, int wanted) {
    long wrong = examples.stream().filter(example -> !example.isRight()).count();
    long right = examples.size() - wrong;
    long wrongWanted = Math.min(wrong, Math.max(wanted / 2, wanted - right));
    List<Example> mixed = new ArrayList<>();
    long wrongLeft = wrongWanted;
    long rightLeft = wanted - wrongWanted;
    for (Example example : examples) {
      boolean taken = example.isRight() ? rightLeft-- > 0 : wrongLeft-- > 0;
      if (taken) {
        mixed.add(example);
      }
    }
    return mixed;
  }

  /** Whether the sequence has a label that is asked for. */
  private boolean counts(TokenSequences answers, long sequence) {
    if (config.head().kind() == Head.Kind.TOKEN_CLASSIFICATION) {
      return true;
    }
    long[] label = new long[1];
    answers.read(sequence, 0, 1, label, 0);
    return label[0] != format.ignoreIndex();
  }

  private Example example(TokenSequences text, TokenSequences answers, long sequence) {
    int count = Math.min(text.length(sequence), config.contextLength());
    long[] ids = new long[count];
    int cut = format.truncate() == Truncation.LEFT ? text.length(sequence) - count : 0;
    text.read(sequence, cut, count, ids, 0);
    boolean ofTokens = config.head().kind() == Head.Kind.TOKEN_CLASSIFICATION;
    long[] actual = new long[ofTokens ? count : 1];
    answers.read(sequence, ofTokens ? cut : 0, actual.length, actual, 0);
    float[] probabilities = probabilities(ids);
    int classes = config.numClasses();
    int[] predicted = new int[probabilities.length / classes];
    double sum = 0;
    for (int row = 0; row < predicted.length; row++) {
      predicted[row] = likeliest(probabilities, row * classes, classes);
      sum += probabilities[row * classes + predicted[row]];
    }
    PredictedText prediction =
        new PredictedText(
            shortened(tokenizer.decode(toInts(ids))),
            names(Arrays.stream(actual)),
            names(Arrays.stream(predicted).asLongStream()),
            sum / predicted.length);
    return new Example(toInts(ids), prediction);
  }

  /** [T, K] or [1, K], row-major. */
  private float[] probabilities(long[] ids) {
    try (NDManager scratch = model.manager().newSubManager()) {
      NDArray tokens = scratch.create(ids, new Shape(1, ids.length));
      NDArray lengths = scratch.create(new long[] {ids.length});
      return model
          .kernels()
          .logits(scratch, tokens, lengths, model.weightList())
          .softmax(-1)
          .toFloatArray();
    }
  }

  private static int likeliest(float[] probabilities, int from, int classes) {
    int best = 0;
    for (int label = 1; label < classes; label++) {
      best = probabilities[from + label] > probabilities[from + best] ? label : best;
    }
    return best;
  }

  private String names(LongStream ids) {
    return shortened(ids.mapToObj(this::name).collect(Collectors.joining(" ")));
  }

  /** Of labels that do not count, which are outside the names, a dash. */
  private String name(long id) {
    return id >= 0 && id < labels.size() ? labels.get((int) id) : "-";
  }

  private static String shortened(String text) {
    return text.codePointCount(0, text.length()) <= TEXT
        ? text
        : text.substring(0, text.offsetByCodePoints(0, TEXT)) + "…";
  }
}
