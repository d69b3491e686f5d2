package io.sparkformer.predict;

import static io.sparkformer.SharedFiles.largestDifference;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.TokenizerFixture;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head.Layers;
import io.sparkformer.model.Head.Pooling;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig.Mask;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.ProblemType;
import io.sparkformer.model.TextProcessing;
import io.sparkformer.model.TextReading;
import io.sparkformer.predict.ExportedModels.Appended;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Models that read texts as no model that is trained here does, saved and exported. */
class OtherReadingsTest {

  private static final double SAME = 1e-5;
  private static final int CONTEXT = 12;
  private static final Tokenizer TOKENIZER = BpeTokenizer.of(TokenizerFixture.toy());
  private static final int END = TOKENIZER.endOfText().orElseThrow();
  private static final int A = id("a");
  private static final int B = id("b");
  private static final int C = id("c");

  /** Texts end within, at and behind the context, with and without what fills them up. */
  private static final List<String> TEXTS =
      List.of(
          "a",
          "abd",
          "abdcc",
          "c",
          "cccc",
          "dcdc",
          "abdefghabde",
          "abdefghabdefgh",
          "hgfedbahgfedbahgfedba",
          "abdefghcccccccccc",
          "ccccccccccccccccd",
          "dddddddccd",
          "hgfedbahgfedbahgfedbacc");

  @TempDir private Path directory;

  @BeforeAll
  static void useOneThread() {
    Kernels.threads(1);
  }

  static Stream<TextReading> readings() {
    return Stream.of(
        reading(List.of(END, A), List.of(B), Truncation.LEFT, Optional.of(9), Optional.of(C)),
        reading(List.of(END, A), List.of(B), Truncation.RIGHT, Optional.of(9), Optional.of(C)),
        reading(List.of(A, B), List.of(), Truncation.RIGHT, Optional.empty(), Optional.of(C)),
        reading(List.of(A, B), List.of(), Truncation.LEFT, Optional.empty(), Optional.of(C)),
        reading(List.of(END), List.of(B, C), Truncation.RIGHT, Optional.empty(), Optional.of(C)),
        reading(List.of(), List.of(C), Truncation.LEFT, Optional.empty(), Optional.of(C)),
        reading(List.of(A), List.of(B, A), Truncation.LEFT, Optional.empty(), Optional.of(C)));
  }

  private static TextReading reading(
      List<Integer> before,
      List<Integer> after,
      Truncation truncate,
      Optional<Integer> longest,
      Optional<Integer> padding) {
    return new TextReading(before, after, truncate, longest, padding);
  }

  @ParameterizedTest
  @MethodSource("readings")
  void aReadingIsTheSameAfterSaving(TextReading reading) throws IOException {
    TextReading expected =
        reading(
            reading.before(),
            reading.after(),
            reading.truncate(),
            Optional.of(reading.longest().orElse(CONTEXT)),
            reading.padding());
    Path once = save(reading, directory.resolve("once"));
    assertThat(open(once).reading()).isEqualTo(expected);

    Path twice = save(open(once).reading(), directory.resolve("twice"));

    assertThat(open(twice).reading()).isEqualTo(expected);
    try (SequenceModel model = ExportedModels.open(twice)) {
      TextReader reader = model.reader(Optional.empty());
      for (String text : TEXTS) {
        assertThat(reader.read(text)).as(text).isEqualTo(read(text, reading));
      }
    }
  }

  @ParameterizedTest
  @MethodSource("readings")
  void anExportedModelReadsTextsAsTheDirectory(TextReading reading) throws IOException {
    Path ours = save(reading, directory.resolve("ours"));
    Path exported = ExportedModels.export(ours, directory.resolve("exported"));
    try (SequenceModel model = ExportedModels.open(ours);
        SequenceModel again = ExportedModels.open(exported)) {
      requireSame(ExportedModels.logits(again, TEXTS), ExportedModels.logits(model, TEXTS));
    }
  }

  @ParameterizedTest
  @MethodSource("readings")
  void anExportedModuleCutsAndPassesOverPaddingByItself(TextReading reading) throws Exception {
    Path ours = save(reading, directory.resolve("ours"));
    Path exported = ExportedModels.export(ours, directory.resolve("exported"));
    int[][] rows = TEXTS.stream().map(text -> whole(text, reading)).toArray(int[][]::new);
    try (SequenceModel model = ExportedModels.open(ours)) {
      requireSame(ExportedModels.plain(exported, rows), ExportedModels.logits(model, TEXTS));
    }
  }

  private static void requireSame(float[][] actual, float[][] expected) {
    for (int i = 0; i < expected.length; i++) {
      assertThat(largestDifference(actual[i], expected[i])).as(TEXTS.get(i)).isLessThan(SAME);
    }
    assertThat(largestDifference(expected[0], expected[1])).isGreaterThan(0.01);
  }

  /** What transformers reads of a text, without what fills up rows at its end. */
  private static int[] read(String text, TextReading reading) {
    int[] all = TOKENIZER.encode(text);
    int room =
        Math.min(CONTEXT, reading.longest().orElse(CONTEXT))
            - reading.before().size()
            - reading.after().size();
    int over = Math.max(0, all.length - room);
    int from = reading.truncate() == Truncation.LEFT ? over : 0;
    int[] ids = around(IntStream.of(all).skip(from).limit(all.length - over).toArray(), reading);
    int length = ids.length;
    while (length > 1 && reading.padding().equals(Optional.of(ids[length - 1]))) {
      length--;
    }
    return IntStream.of(ids).limit(length).toArray();
  }

  private static int[] whole(String text, TextReading reading) {
    return around(TOKENIZER.encode(text), reading);
  }

  private static int[] around(int[] ids, TextReading reading) {
    return Stream.of(reading.before().stream(), IntStream.of(ids).boxed(), reading.after().stream())
        .flatMap(part -> part)
        .mapToInt(id -> id)
        .toArray();
  }

  private static int id(String text) {
    return TOKENIZER.encode(text)[0];
  }

  private static Path save(TextReading reading, Path directory) throws IOException {
    ExportedModels.Shape shape =
        new ExportedModels.Shape(
            Mask.CAUSAL, Pooling.LAST, Layers.LINEAR, CONTEXT, Appended.NOTHING, Truncation.RIGHT);
    try (Gpt model = ExportedModels.random(shape.config(TOKENIZER.vocabSize()))) {
      ModelDirectory.at(ExportedModels.HADOOP, hadoop(directory))
          .save(
              model,
              new TextProcessing(
                  Optional.of(TOKENIZER),
                  List.of(END),
                  ExportedModels.LABELS,
                  ProblemType.SINGLE_LABEL_CLASSIFICATION,
                  reading));
    }
    return directory;
  }

  private static ModelDirectory open(Path path) throws IOException {
    return ModelDirectory.open(ExportedModels.HADOOP, hadoop(path));
  }
}
