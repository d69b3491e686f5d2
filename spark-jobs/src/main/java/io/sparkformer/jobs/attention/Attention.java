package io.sparkformer.jobs.attention;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.evaluation.TokenNames;
import io.sparkformer.jobs.attention.AttentionFile.Likely;
import io.sparkformer.jobs.picture.HeatMap;
import io.sparkformer.jobs.picture.VisibleText;
import io.sparkformer.model.AttentionMaps;
import io.sparkformer.model.Head;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ProblemType;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/**
 * What a model attends to and predicts for one text, as far as it was asked for.
 *
 * @param config the model's
 * @param problem what a classifier's numbers mean
 * @param ids of the text
 * @param tokens the same as text
 * @param classes names of what is predicted
 * @param maps of all layers and heads
 * @param layers that are shown
 * @param heads that are shown
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one.
record Attention(
    ModelConfig config,
    ProblemType problem,
    int[] ids,
    List<String> tokens,
    List<String> classes,
    AttentionMaps maps,
    List<Integer> layers,
    List<Integer> heads) {

  /** Values of a head, and classes, that are shown: a picture's columns. */
  private static final int MOST_DIMENSIONS = 64;

  private static final int MOST_CLASSES = 100;

  /** About 200 MB as JSON. */
  private static final long MOST_WEIGHTS = 20_000_000;

  /** Names of what a model predicts; ids where there are none. */
  static List<String> classes(ModelConfig config, TokenNames tokens, List<String> labels) {
    if (!config.head().isClassifier()) {
      return IntStream.range(0, config.numClasses()).mapToObj(tokens::of).toList();
    }
    return IntStream.range(0, config.numClasses())
        .mapToObj(id -> id < labels.size() ? labels.get(id) : Integer.toString(id))
        .toList();
  }

  /**
   * The layers or heads that are shown.
   *
   * @param option the option that names them
   * @param asked none for all
   * @param count of the model's
   * @throws io.sparkformer.datasets.InvalidInputException if the model does not have one
   */
  static List<Integer> chosen(String option, List<Integer> asked, int count) {
    for (int number : asked) {
      require(
          number >= 0 && number < count,
          count == 0
              ? "%s is %d, but the model has no attention layers: leave the option away"
              : "%s is %d, but the model has %d: use numbers from 0 to %d",
          option,
          number,
          count,
          count - 1);
    }
    return asked.isEmpty()
        ? IntStream.range(0, count).boxed().toList()
        : asked.stream().distinct().sorted().toList();
  }

  /**
   * Checks, before a model is read, that the text is one for it.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it is empty, too long, or has ids that
   *     the model does not know
   */
  static void requireText(int[] ids, ModelConfig config) {
    require(ids.length > 0, "the text is empty: give it at least one character or token id");
    require(
        ids.length <= config.contextLength(),
        "the text has %d tokens, the model's context %d: shorten the text by %d tokens",
        ids.length,
        config.contextLength(),
        ids.length - config.contextLength());
    for (int position = 0; position < ids.length; position++) {
      require(
          ids[position] >= 0 && ids[position] < config.vocabSize(),
          "token %d at position %d is not in the model's vocabulary: use ids from 0 to %d",
          ids[position],
          position,
          config.vocabSize() - 1);
    }
  }

  /**
   * Checks that the numbers are not too many for a file.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if they are
   */
  static void requireFew(int tokens, List<Integer> layers, List<Integer> heads) {
    long weights = (long) layers.size() * heads.size() * tokens * tokens;
    require(
        weights <= MOST_WEIGHTS,
        "%d layers with %d heads for %d tokens are %d weights, more than %d: choose some with --layer and --head,"
            + " or shorten the text",
        layers.size(),
        heads.size(),
        tokens,
        weights,
        MOST_WEIGHTS);
  }

  boolean showsValues() {
    return maps.values().length > 0 && maps.values()[0][0][0].length <= MOST_DIMENSIONS;
  }

  boolean showsAllClasses() {
    return classes.size() <= MOST_CLASSES;
  }

  /** The predictions as a picture. */
  HeatMap predictions() {
    return switch (config.head().kind()) {
      case LANGUAGE_MODEL ->
          new HeatMap(
              "Next-token probabilities",
              "after",
              "next token",
              tokens,
              classes,
              maps.probabilities());
      case TOKEN_CLASSIFICATION ->
          new HeatMap(
              "Label probabilities", "token", "label", tokens, classes, maps.probabilities());
      case SEQUENCE_CLASSIFICATION ->
          new HeatMap(
              isRegression() ? "Numbers" : "Label probabilities",
              "",
              "label",
              List.of("text"),
              classes,
              maps.probabilities());
    };
  }

  private boolean isRegression() {
    return problem == ProblemType.REGRESSION;
  }

  /** The likeliest classes of a row of probabilities, the likeliest first. */
  List<Likely> likeliest(int row, int count) {
    float[] probabilities = maps.probabilities()[row];
    return IntStream.range(0, probabilities.length)
        .boxed()
        .sorted(Comparator.comparingDouble(id -> -probabilities[id]))
        .limit(count)
        .map(id -> new Likely(id, classes.get(id), probabilities[id]))
        .toList();
  }

  /** All numbers, for a file. */
  AttentionFile file(String model, int count) {
    return new AttentionFile(
        model,
        config.head().kind().name().toLowerCase(Locale.ROOT).replace('_', '-'),
        ids,
        tokens,
        layers,
        heads,
        picked(maps.weights()),
        showsValues() ? picked(maps.values()) : new float[0][][][],
        showsAllClasses() ? classes : List.of(),
        showsAllClasses() ? maps.probabilities() : new float[0][],
        IntStream.range(0, maps.probabilities().length)
            .mapToObj(row -> likeliest(row, count))
            .toList());
  }

  private float[][][][] picked(float[][][][] all) {
    return layers.stream()
        .map(layer -> heads.stream().map(head -> all[layer][head]).toArray(float[][][]::new))
        .toArray(float[][][][]::new);
  }

  /** The likeliest classes as a table for people. */
  String table(int count) {
    VisibleText visible = VisibleText.everywhere();
    StringBuilder table = new StringBuilder();
    if (config.head().kind() == Head.Kind.TOKEN_CLASSIFICATION) {
      table.append("probability  label, token by token\n");
      for (int row = 0; row < tokens.size(); row++) {
        Likely best = likeliest(row, 1).get(0);
        table.append(line(best, visible)).append("  ").append(visible.of(tokens.get(row)));
        table.append('\n');
      }
      return table.toString();
    }
    boolean language = !config.head().isClassifier();
    table.append(isRegression() ? "     number  " : "probability  ");
    table.append(language ? "next token\n" : "label\n");
    for (Likely likely : likeliest(maps.probabilities().length - 1, count)) {
      table.append(line(likely, visible)).append('\n');
    }
    return table.toString();
  }

  private static String line(Likely likely, VisibleText visible) {
    return String.format(
        Locale.ROOT, "%11.4f  %s", likely.probability(), visible.of(likely.name()));
  }
}
