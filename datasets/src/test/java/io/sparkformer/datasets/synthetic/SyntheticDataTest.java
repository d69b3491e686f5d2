package io.sparkformer.datasets.synthetic;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.sample.RandomOrder;
import io.sparkformer.datasets.sample.SequenceSamples;
import io.sparkformer.datasets.sample.SequenceSamples.Target;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.sample.TokenBatch;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.LibraryTokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.datasets.tokens.TokenSequences;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SyntheticDataTest {

  private static final SyntheticSpec.Reversal REVERSAL =
      new SyntheticSpec.Reversal(10, 16, 3_000, 200, 42);
  private static final SyntheticSpec.Sentences MEAL =
      new SyntheticSpec.Sentences(
          List.of("<st> man ordered the chicken", "<st>  the chicken\tran  caf\u00e9\u3000"));

  @TempDir Path directory;

  @Test
  void everyDigitIsLabelledWithTheOneAtItsPlaceFromTheEnd() throws Exception {
    try (TokenDataset data = open(SyntheticData.local(REVERSAL))) {
      assertThat(data.tokenizer()).isInstanceOf(CharTokenizer.class);
      assertThat(data.tokenizer().decode(new int[] {0, 9, 5})).isEqualTo("095");
      assertThat(data.manifest().labels())
          .containsExactly("0", "1", "2", "3", "4", "5", "6", "7", "8", "9");
      for (SplitName split : SplitName.values()) {
        TokenSequences text = data.sequences(split);
        TokenSequences labels = data.labels(split);
        assertThat(labels.count()).isEqualTo(text.count());
        for (long row = 0; row < text.count(); row++) {
          long[] digits = all(text, row);
          long[] reversed = IntStream.range(0, 16).mapToLong(i -> digits[15 - i]).toArray();
          assertThat(all(labels, row)).containsExactly(reversed);
        }
      }
      SequenceSamples samples =
          SequenceSamples.of(
              data, SplitName.TRAIN, Target.TOKEN_LABELS, 16, Truncation.RIGHT, -100);
      assertThat(samples.batch(new long[] {0, 2_999}).isPadded()).isFalse();
    }
  }

  @Test
  void digitsAreUniformAndIndependentOfPlaceSplitAndTrainingsOrder() throws Exception {
    try (TokenDataset data = open(SyntheticData.local(REVERSAL))) {
      TokenSequences text = data.sequences(SplitName.TRAIN);
      RandomOrder training = new RandomOrder(REVERSAL.seed(), 10);
      int[] counts = new int[10];
      int[] following = new int[100];
      int[] beside = new int[100];
      for (int row = 0; row < text.count(); row++) {
        long[] digits = all(text, row);
        for (int i = 0; i < digits.length; i++) {
          counts[(int) digits[i]]++;
          beside[(int) (digits[i] * 10 + training.index(row, 0, i))]++;
          if (i > 0) {
            following[(int) (digits[i] * 10 + digits[i - 1])]++;
          }
        }
      }
      // 9 and 99 degrees of freedom: above these with probability 0.001.
      assertThat(chiSquare(counts)).isLessThan(27.9);
      assertThat(chiSquare(following)).isLessThan(148.2);
      assertThat(chiSquare(beside)).isLessThan(148.2);
      Set<List<Long>> train = distinct(text);
      assertThat(train).hasSize(3_000);
      assertThat(distinct(data.sequences(SplitName.VALID)))
          .hasSize(200)
          .doesNotContainAnyElementsOf(train);
    }
  }

  @Test
  void wordsBetweenSpacesAreTokensInTheOrderOfTheirFirstAppearance() throws Exception {
    try (TokenDataset data = open(SyntheticData.local(MEAL))) {
      assertThat(data.tokenizer()).isInstanceOf(LibraryTokenizer.class);
      assertThat(data.tokenizer().encode("<st> man ordered the chicken"))
          .containsExactly(0, 1, 2, 3, 4);
      assertThat(data.tokenizer().decode(new int[] {0, 1, 2, 3, 4}))
          .isEqualTo("<st> man ordered the chicken");
      assertThat(data.tokenizer().vocabSize()).isEqualTo(7);
      assertThat(data.tokenizer().endOfText()).isEmpty();
      assertThatThrownBy(() -> data.tokenizer().encode("<st> woman"))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageStartingWith("the tokenizer has no tokens for a text of 10 characters");
      for (SplitName split : SplitName.values()) {
        assertThat(data.sequences(split).count()).isEqualTo(2);
        assertThat(all(data.sequences(split), 1)).containsExactly(0, 3, 4, 5, 6);
      }
      DatasetManifest.Split train = data.manifest().splits().get(SplitName.TRAIN);
      assertThat(train.characters()).isEqualTo(28 + 28);
      assertThat(train.bytes()).isEqualTo(train.characters() + 3);
      TokenBatch batch =
          SequenceSamples.of(data, SplitName.VALID, Target.NEXT_TOKEN, 8, Truncation.RIGHT, -100)
              .batch(new long[] {0});
      assertThat(batch.inputs()).containsExactly(0, 1, 2, 3);
      assertThat(batch.targets()).containsExactly(1, 2, 3, 4);
    }
  }

  @Test
  void theManifestSaysWhatTheDataSetIsMadeOf() throws Exception {
    try (TokenDataset data = open(SyntheticData.local(REVERSAL))) {
      assertThat(data.manifest().options())
          .containsEntry("builtin", "reversal")
          .containsEntry("sequence_length", "16")
          .containsEntry("seed", "42")
          .hasSize(6);
      assertThat(data.manifest().sources()).isEmpty();
      assertThat(data.manifest().documents()).isEqualTo(3_200);
      assertThat(data.manifest().splits().get(SplitName.TRAIN).sequences()).isEqualTo(3_000);
    }
  }

  @Test
  void theSameSpecGivesTheSameBytesWhereverItIsWritten() throws Exception {
    for (SyntheticSpec spec : List.of(REVERSAL, MEAL)) {
      Path again = directory.resolve(spec.getClass().getSimpleName());
      org.apache.hadoop.fs.Path path = hadoop(again);
      SyntheticData.write(spec, Storage.fileSystem(path, new Configuration()), path);
      List<Path> files;
      try (var listed = Files.list(again)) {
        files = listed.toList();
      }
      assertThat(files).hasSize(spec == REVERSAL ? 10 : 6);
      for (Path file : files) {
        assertThat(file)
            .hasSameBinaryContentAs(
                SyntheticData.local(spec).resolve(file.getFileName().toString()));
      }
    }
    try (TokenDataset data = open(SyntheticData.local(REVERSAL))) {
      // Pinned: a run that is resumed by a later version must find the same data.
      assertThat(all(data.sequences(SplitName.TRAIN), 0))
          .containsExactly(2, 8, 5, 0, 0, 3, 1, 5, 5, 7, 3, 5, 0, 4, 7, 9);
    }
  }

  @Test
  void callersOfOneJvmShareADataSet() {
    SyntheticSpec.Reversal spec = new SyntheticSpec.Reversal(3, 5, 1_000, 10, 7);
    Set<Path> paths =
        IntStream.range(0, 16)
            .parallel()
            .mapToObj(i -> SyntheticData.local(new SyntheticSpec.Reversal(3, 5, 1_000, 10, 7)))
            .collect(Collectors.toSet());
    assertThat(paths).containsExactly(SyntheticData.local(spec));
    assertThat(SyntheticData.local(new SyntheticSpec.Reversal(3, 5, 1_000, 10, 8)))
        .isNotEqualTo(SyntheticData.local(spec));
  }

  @Test
  void anotherJvmMakesAnEqualDataSetAndDeletesIt() throws Exception {
    Path temporary = Files.createDirectory(directory.resolve("tmp"));
    Process other =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                Maker.class.getName())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();
    String manifest = new String(other.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

    assertThat(other.waitFor()).isZero();
    assertThat(manifest)
        .isEqualTo(Files.readString(SyntheticData.local(REVERSAL).resolve("dataset.json")));
    assertThat(temporary).isEmptyDirectory();
  }

  /** Makes a data set and prints its manifest. */
  public static final class Maker {
    private Maker() {}

    public static void main(String[] none) throws Exception {
      System.out.write(Files.readAllBytes(SyntheticData.local(REVERSAL).resolve("dataset.json")));
      System.out.flush();
    }
  }

  @Test
  void specsTravelToOtherJvms() throws Exception {
    for (SyntheticSpec spec : List.of(REVERSAL, MEAL)) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
        out.writeObject(spec);
      }
      try (ObjectInputStream in =
          new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
        assertThat(in.readObject()).isEqualTo(spec);
      }
    }
  }

  @Test
  void specsThatCannotBeMadeAreRefusedWithTheirKey() {
    assertRefused(
        () -> new SyntheticSpec.Reversal(11, 16, 1, 1, 0),
        "data.symbols is 11: it must be from 2 to 10, since each is a digit");
    assertRefused(
        () -> new SyntheticSpec.Reversal(1, 16, 1, 1, 0),
        "data.symbols is 1: it must be from 2 to 10, since each is a digit");
    assertRefused(
        () -> new SyntheticSpec.Reversal(10, 0, 1, 1, 0),
        "data.sequence-length is 0: it must be at least 1");
    assertRefused(
        () -> new SyntheticSpec.Reversal(10, 16, 0, 1, 0),
        "data.train-samples is 0: it must be at least 1");
    assertRefused(
        () -> new SyntheticSpec.Reversal(10, 16, 1, -1, 0),
        "data.valid-samples is -1: it must be at least 1");
    assertRefused(
        () -> new SyntheticSpec.Reversal(10, 16, 1, 1L << 40, 0),
        "data.valid-samples (1099511627776) times data.sequence-length (16) is more than 1073741824"
            + " tokens: lower one of them");
    assertRefused(
        () -> new SyntheticSpec.Sentences(List.of()),
        "data.sentences is empty: give at least one sentence");
    assertRefused(
        () -> new SyntheticSpec.Sentences(List.of("a b", " \t")),
        "data.sentences has no word in sentence 2: give it some, or leave it out");
  }

  private static void assertRefused(Runnable made, String message) {
    assertThatThrownBy(made::run).isInstanceOf(InvalidInputException.class).hasMessage(message);
  }

  private static double chiSquare(int[] counts) {
    double expected = (double) IntStream.of(counts).sum() / counts.length;
    return IntStream.of(counts).mapToDouble(n -> Math.pow(n - expected, 2) / expected).sum();
  }

  private static Set<List<Long>> distinct(TokenSequences sequences) {
    return IntStream.range(0, (int) sequences.count())
        .mapToObj(row -> Arrays.stream(all(sequences, row)).boxed().toList())
        .collect(Collectors.toSet());
  }

  private static long[] all(TokenSequences sequences, long row) {
    long[] tokens = new long[sequences.length(row)];
    sequences.read(row, 0, tokens.length, tokens, 0);
    return tokens;
  }

  private static TokenDataset open(Path directory) throws Exception {
    return TokenDataset.open(new Configuration(), hadoop(directory));
  }
}
