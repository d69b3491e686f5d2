package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.Folder.contents;
import static io.sparkformer.datasets.Folder.names;
import static io.sparkformer.datasets.Folder.write;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.datasets.tokens.TokenStream;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.input.InputFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenizeJobTest {

  private static final String MULTILINGUAL =
      "Grüße, naïve café\r\n日本語のテキスト\t— ελληνικά עברית\n\ud83d\udc69\u200d\ud83d\ude80 e\u0301 \ud800\udf48\n";

  private static JavaSparkContext spark;

  @TempDir Path directory;

  @BeforeAll
  static void openSpark() {
    spark = LocalSpark.open(LocalSpark.conf("local[2]"));
  }

  @AfterAll
  static void closeSpark() {
    spark.close();
  }

  @Test
  void tinyShakespeareGivesNanoGptsFiles() throws Exception {
    Path text = SharedData.file("tinyshakespeare/input.txt");

    TokenizeResult summary = run(fixture(text.toString(), "data"));

    assertThat(summary.documents()).isEqualTo(1);
    assertThat(summary.tokens()).isEqualTo(1_115_394);
    assertThat(summary.trainTokens()).isEqualTo(1_003_854);
    assertThat(summary.validTokens()).isEqualTo(111_540);
    assertThat(summary.bytes()).isEqualTo(1_115_394);
    assertThat(summary.vocabSize()).isEqualTo(65);
    assertThat(summary.seconds()).isPositive();
    assertThat(summary.output()).isEqualTo(directory.resolve("data").toString());
    byte[] expected = nanoGptIds(Files.readString(text));
    int cut = 2 * (int) (Files.size(text) * 0.9);
    assertThat(Files.readAllBytes(directory.resolve("data/train-00000-of-00001.bin")))
        .isEqualTo(Arrays.copyOf(expected, cut));
    assertThat(Files.readAllBytes(directory.resolve("data/valid-00000-of-00001.bin")))
        .isEqualTo(Arrays.copyOfRange(expected, cut, expected.length));
    assertThat(names(directory.resolve("data")))
        .containsExactly(
            "dataset.json",
            "tokenizer.json",
            "train-00000-of-00001.bin",
            "train-00000-of-00001.idx",
            "valid-00000-of-00001.bin",
            "valid-00000-of-00001.idx");
    assertThat(names(directory)).containsExactly("data");
  }

  @Test
  void theFilesDoNotDependOnTheCores() throws Exception {
    write(directory, "corpus/a.txt", MULTILINGUAL.repeat(200));
    write(directory, "corpus/b.txt", "b ".repeat(5_000));
    Map<String, String> expected = Map.of();
    for (String master : List.of("local[1]", "local[2]", "local[5]")) {
      String name = "data-" + master;
      closeSpark();
      spark = LocalSpark.open(LocalSpark.conf(master));
      run(corpus(name).shardBytes(1_000).format(InputFormat.LINES));
      if (expected.isEmpty()) {
        expected = contents(directory.resolve(name));
      }
      assertThat(contents(directory.resolve(name))).isEqualTo(expected).hasSizeGreaterThan(20);
    }
  }

  @Test
  void shardsPutTogetherEqualASingleOne() throws Exception {
    String text = SharedData.file("tinyshakespeare/input.txt").toString();
    run(fixture(text, "single"));
    run(fixture(text, "sharded").shardBytes(300_000));

    assertThat(names(directory.resolve("sharded")))
        .filteredOn(n -> n.startsWith("train") && n.endsWith(".bin"))
        .hasSize(8);
    try (TokenDataset single = open("single");
        TokenDataset sharded = open("sharded")) {
      for (SplitName split : SplitName.values()) {
        assertThat(tokens(sharded.split(split))).isEqualTo(tokens(single.split(split)));
      }
      assertThat(sharded.manifest().splits().get(SplitName.TRAIN).documents()).isEqualTo(1);
      assertThat(sharded.manifest().splits().get(SplitName.VALID).documents()).isEqualTo(1);
      assertThat(sharded.manifest().documents()).isEqualTo(1);
      assertThat(sharded.manifest().splits().get(SplitName.TRAIN).files())
          .allSatisfy(file -> assertThat(file.bytes()).isLessThanOrEqualTo(300_000));
    }
  }

  @Test
  void multilingualFilesInTinyUnitsKeepEveryCharacter() throws Exception {
    write(directory, "corpus/a.txt", MULTILINGUAL);
    write(directory, "corpus/b.txt", "");
    write(directory, "corpus/c.txt", "\ufeff" + MULTILINGUAL.repeat(3));
    write(directory, "corpus/d.txt", "\ud83d\ude80");
    String all = MULTILINGUAL + "\ufeff" + MULTILINGUAL.repeat(3) + "\ud83d\ude80";

    for (int shardBytes : new int[] {2, 4, 6, 10, 128}) {
      String name = "data-" + shardBytes;
      TokenizeResult summary = run(corpus(name).shardBytes(shardBytes));
      assertThat(summary.documents()).isEqualTo(3);
      assertThat(summary.emptyDocuments()).isEqualTo(1);
      try (TokenDataset data = open(name)) {
        assertThat(data.tokenizer().decode(ids(data, SplitName.TRAIN, SplitName.VALID)))
            .isEqualTo(all);
      }
    }
  }

  @Test
  void documentsAreSequencesAndTheSplitCutsOne() throws Exception {
    write(directory, "corpus/a.txt", "aaaa");
    write(directory, "corpus/b.txt", "bbbbbb");

    run(corpus("data").validFraction(0.3));

    try (TokenDataset data = open("data")) {
      DatasetManifest manifest = data.manifest();
      assertThat(manifest.splits().get(SplitName.TRAIN).tokens()).isEqualTo(7);
      assertThat(manifest.splits().get(SplitName.TRAIN).documents()).isEqualTo(2);
      assertThat(manifest.splits().get(SplitName.TRAIN).files())
          .allSatisfy(f -> assertThat(f.sequences()).isEqualTo(2));
      assertThat(manifest.splits().get(SplitName.VALID).documents()).isEqualTo(1);
      assertThat(manifest.splits().get(SplitName.VALID).characters()).isEqualTo(3);
      assertThat(tokens(data.split(SplitName.TRAIN))).containsExactly(0, 0, 0, 0, 1, 1, 1);
      assertThat(manifest.sources().stream().map(DatasetManifest.Source::bytes))
          .containsExactly(4L, 6L);
      assertThat(manifest.options())
          .containsEntry("valid_fraction", "0.3")
          .containsEntry("split", "tail");
    }
  }

  @Test
  void aValidFractionOfZeroLeavesTheValidSplitEmpty() throws Exception {
    write(directory, "corpus/a.txt", "abc");
    run(corpus("data").validFraction(0));
    try (TokenDataset data = open("data")) {
      assertThat(data.split(SplitName.TRAIN).length()).isEqualTo(3);
      assertThat(data.split(SplitName.VALID).length()).isZero();
    }
  }

  @Test
  void theTrainingShareIsExactInDecimal() {
    assertThat(CorpusScan.trainCharacters(1_115_394, 0.1)).isEqualTo(1_003_854);
    assertThat(CorpusScan.trainCharacters(10, 0.9)).isEqualTo(1);
    assertThat(CorpusScan.trainCharacters(1_000, 0.001)).isEqualTo(999);
    assertThat(CorpusScan.trainCharacters(9_000_000_000_000_000_000L, 0))
        .isEqualTo(9_000_000_000_000_000_000L);
  }

  @Test
  void vocabulariesTooLargeFor16BitsAreStoredIn32() throws Exception {
    int[] characters =
        IntStream.range(0x20, 0x12000).filter(c -> c < 0xD800 || c > 0xDFFF).toArray();
    write(directory, "corpus/a.txt", new String(characters, 0, characters.length));

    TokenizeResult summary = run(corpus("data"));

    assertThat(summary.vocabSize()).isEqualTo(characters.length).isGreaterThan(65_500);
    try (TokenDataset data = open("data")) {
      assertThat(data.manifest().dtype()).isEqualTo(TokenDtype.INT32);
      assertThat(tokens(data.split(SplitName.VALID))[0]).isEqualTo(summary.trainTokens());
    }
  }

  @Test
  void malformedPartsAreReplacedOnRequest() throws Exception {
    Files.createDirectories(directory.resolve("corpus"));
    Files.write(
        directory.resolve("corpus/a.txt"),
        "ab\u00e9cd\u00e9".getBytes(StandardCharsets.ISO_8859_1));

    TokenizeResult summary = run(corpus("data").replacing().validFraction(0));

    assertThat(summary.malformedReplaced()).isEqualTo(2);
    try (TokenDataset data = open("data")) {
      int[] ids =
          Arrays.stream(tokens(data.split(SplitName.TRAIN))).mapToInt(Math::toIntExact).toArray();
      assertThat(data.tokenizer().decode(ids)).isEqualTo("ab\ufffdcd\ufffd");
      assertThat(data.manifest().malformedReplaced()).isEqualTo(2);
    }
  }

  @Test
  void bytesThatAreNotUtf8AreNamedWithFileAndOffset() throws Exception {
    write(directory, "corpus/a.txt", "fine é");
    Files.write(
        directory.resolve("corpus/b.txt"),
        "0123456789\u00e9".getBytes(StandardCharsets.ISO_8859_1));
    Files.write(directory.resolve("corpus/c.txt"), new byte[] {(byte) 0xFF});

    assertThatThrownBy(() -> run(corpus("data")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "%s/b.txt: byte 0xe9 at offset 10 is not valid UTF-8:"
                + " convert it to UTF-8, or pass --malformed replace",
            directory.resolve("corpus"));
    assertThat(names(directory)).containsExactly("corpus");
  }

  private static TokenizeResult run(TokenizeOptionsFixture options) throws Exception {
    return new TokenizeJob(spark, options.options()).run();
  }

  private TokenizeOptionsFixture fixture(String input, String output) {
    return TokenizeOptionsFixture.of(List.of(input), directory.resolve(output).toString());
  }

  private TokenizeOptionsFixture corpus(String output) {
    return fixture(directory.resolve("corpus").toString(), output);
  }

  private static int[] ids(TokenDataset data, SplitName... splits) {
    return Stream.of(splits)
        .flatMapToInt(split -> Arrays.stream(tokensOf(data, split)).mapToInt(Math::toIntExact))
        .toArray();
  }

  private TokenDataset open(String name) throws IOException {
    return TokenDataset.open(new Configuration(), hadoop(directory.resolve(name)));
  }

  private static long[] tokensOf(TokenDataset data, SplitName split) {
    try {
      return tokens(data.split(split));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static long[] tokens(TokenStream stream) {
    long[] tokens = new long[Math.toIntExact(stream.length())];
    stream.read(0, tokens.length, tokens, 0);
    return tokens;
  }

  /** nanoGPT, data/shakespeare_char/prepare.py: sorted(set(text)), ids as little-endian uint16. */
  private static byte[] nanoGptIds(String text) {
    String symbols =
        text.chars()
            .distinct()
            .sorted()
            .mapToObj(Character::toString)
            .collect(Collectors.joining());
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    text.chars()
        .forEach(
            c -> {
              bytes.write(symbols.indexOf(c));
              bytes.write(0);
            });
    return bytes.toByteArray();
  }
}
