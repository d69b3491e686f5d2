package io.sparkformer.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Short texts of three classes that a small model tells apart, and a recipe for it. */
public final class ThreeClassTexts {

  /** The labels, in the order of their ids. */
  public static final List<String> LABELS = List.of("cold", "hot", "mild");

  /** As many tokens as the longest text or more. */
  static final int CONTEXT = 24;

  public static final int ROWS = 210;

  /** Two micro-batches a step, so that two ranks have work. */
  public static final String RECIPE =
      """
      model:
        context-length: 24
        num-layers: 1
        num-heads: 2
        embedding-dim: 32
        head: {kind: sequence-classification, pooling: mean, bias: true}
      data: {order: epochs, drop-last: false}
      training: {max-epochs: 3, micro-batch-size: 8, global-batch-size: 16, threads: 1}
      optimizer: {learning-rate: 0.01}
      schedule: {kind: constant, warmup-steps: 0}
      evaluation: {interval: 1, per: epoch, monitor: accuracy}
      checkpoint: {interval: 1, per: epoch}
      """;

  private static final List<List<String>> WORDS =
      List.of(
          List.of("snow", "frost", "ice"),
          List.of("desert", "flame", "lava"),
          List.of("cloud", "rain", "mud"));

  private ThreeClassTexts() {}

  /** A text of the class, another for each number. */
  public static String text(int label, int number) {
    List<String> words = WORDS.get(label);
    return words.get(number % words.size()) + " on day " + number;
  }

  /** Writes a table of texts and labels, class after class in turn. */
  public static Path table(Path file) throws IOException {
    List<String> rows = new ArrayList<>();
    for (int i = 0; i < ROWS; i++) {
      int label = i % LABELS.size();
      rows.add(row(text(label, i / LABELS.size()), LABELS.get(label)));
    }
    return Files.write(file, rows);
  }

  public static String row(String text, String label) {
    return "{\"text\": \"%s\", \"label\": \"%s\"}".formatted(text, label);
  }

  /** The arguments that make a data set of a table. */
  public static List<String> tokenize(Path table, Path output, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("tokenize", "--input", table.toString(), "--output", output.toString()));
    arguments.addAll(List.of("--format", "json", "--text-column", "text"));
    arguments.addAll(List.of("--label-column", "label", "--end-of-text", "false"));
    arguments.addAll(List.of(more));
    return arguments;
  }
}
