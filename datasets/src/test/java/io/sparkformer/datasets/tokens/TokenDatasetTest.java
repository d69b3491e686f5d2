package io.sparkformer.datasets.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.RemoteFileSystem;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.TreeMap;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenDatasetTest {

  private static final int TOKENS = 1_000;
  private static final String ALTERED =
      ".*/train-00001-of-00004\\.bin was altered between its bytes 0 and 600: their CRC-32C is"
          + " [0-9a-f]{8} where [0-9a-f]{8} is recorded: copy the data set again, or make it again"
          + " with the tokenize job; 'sparkformer dataset verify' names all that is damaged";

  @TempDir java.nio.file.Path directory;

  private final Configuration configuration = new Configuration();
  private final FileSystem fileSystem = Storage.fileSystem(new Path("file:///"), configuration);
  private final CharTokenizer tokenizer = CharTokenizer.of("abcdefg".codePoints().toArray());

  @BeforeEach
  void writeDataset() throws Exception {
    tokenizer.write(fileSystem, path());
    manifest(splitOf("train", 1, 300, 0, 699), splitOf("valid", TOKENS)).write(fileSystem, path());
  }

  @Test
  void aSplitReadsTheSameHoweverItIsSharded() throws Exception {
    try (TokenDataset dataset = TokenDataset.open(configuration, path())) {
      TokenStream sharded = dataset.split(SplitName.TRAIN);
      TokenStream single = dataset.split(SplitName.VALID);
      assertThat(sharded.length()).isEqualTo(single.length()).isEqualTo(TOKENS);
      for (int position = 0; position < TOKENS; position += 7) {
        for (int count : new int[] {0, 1, 2, 299, TOKENS - position}) {
          int fitting = Math.min(count, TOKENS - position);
          assertThat(read(sharded, position, fitting)).isEqualTo(read(single, position, fitting));
        }
      }
      assertThat(read(single, 0, 9)).containsExactly(0, 1, 2, 3, 4, 5, 6, 0, 1);
      assertThatThrownBy(() -> read(sharded, TOKENS - 1, 2))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThat(dataset.tokenizer().fingerprint()).isEqualTo(tokenizer.fingerprint());
    }
  }

  @Test
  void theManifestIsReadAsWritten() throws Exception {
    DatasetManifest written = manifest(splitOf("train", 10), splitOf("valid", 5));
    written.write(fileSystem, path());

    assertThat(DatasetManifest.read(fileSystem, path())).isEqualTo(written);
    assertThat(Files.readString(directory.resolve("dataset.json")))
        .contains(
            "\"format_version\" : 2", "\"vocab_size\" : 7", "\"dtype\" : \"uint16\"", "\"sha256\"")
        .endsWith("}\n");
  }

  @Test
  void aRemoteDatasetIsCopiedOnceForAllReadersOfAJvm() throws Exception {
    List<TokenDataset> all = IntStream.range(0, 4).parallel().mapToObj(i -> openRemote()).toList();
    RemoteFileSystem.OPENED.clear();
    List<TokenStream> streams =
        all.stream()
            .parallel()
            .map(dataset -> assertDoesNotThrow(() -> dataset.split(SplitName.TRAIN)))
            .toList();
    assertThat(RemoteFileSystem.OPENED).isEmpty();

    streams.stream().parallel().forEach(stream -> read(stream, 0, TOKENS));

    assertThat(RemoteFileSystem.OPENED)
        .containsExactlyInAnyOrder(
            "train-00000-of-00004.bin", "train-00001-of-00004.bin", "train-00003-of-00004.bin");
    for (int i = 0; i < all.size(); i++) {
      assertThat(read(streams.get(i), 299, 3)).containsExactly(5, 6, 0);
      all.get(i).close(); // the others go on reading
    }
    try (TokenDataset again = openRemote()) {
      RemoteFileSystem.OPENED.clear();
      assertThat(read(again.split(SplitName.TRAIN), 299, 3)).containsExactly(5, 6, 0);
      assertThat(RemoteFileSystem.OPENED).isEmpty();
    }
  }

  @Test
  void aRemoteDatasetThatIsMadeAgainIsCopiedAgain() throws Exception {
    try (TokenDataset dataset = openRemote()) {
      assertThat(dataset.split(SplitName.TRAIN).length()).isEqualTo(TOKENS);
      Files.delete(directory.resolve("valid-00000-of-00001.bin"));
      Files.delete(directory.resolve("valid-00000-of-00001.idx"));
      manifest(splitOf("train", 10), splitOf("valid", 5)).write(fileSystem, path());
      try (TokenDataset second = openRemote()) {
        assertThat(second.split(SplitName.TRAIN).length()).isEqualTo(10);
        assertThat(read(dataset.split(SplitName.TRAIN), 999, 1)).containsExactly(999 % 7);
      }
    }
  }

  @Test
  void aCopyThatIsNotWhatWasRecordedIsNotKept() throws Exception {
    java.nio.file.Path file = directory.resolve("train-00001-of-00004.bin");
    byte[] bytes = Files.readAllBytes(file);
    byte[] altered = bytes.clone();
    altered[77] ^= 1;
    Files.write(file, altered);
    try (TokenDataset dataset = openRemote()) {
      TokenStream stream = dataset.split(SplitName.TRAIN);
      assertThat(read(stream, 0, 1)).containsExactly(0);
      assertThatThrownBy(() -> read(stream, 0, 2))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageMatching(ALTERED);
      Files.write(file, bytes);
      assertThat(read(stream, 0, 2)).containsExactly(0, 1);
    }
  }

  @Test
  void copiesAreDeletedWhenTheJvmExits() throws Exception {
    java.nio.file.Path temporary = Files.createDirectory(directory.resolve("tmp"));
    Process reader =
        new ProcessBuilder(
                java.nio.file.Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Djava.io.tmpdir=" + temporary,
                "-cp",
                System.getProperty("java.class.path"),
                Reader.class.getName(),
                directory.toString())
            .redirectError(ProcessBuilder.Redirect.INHERIT)
            .start();

    assertThat(new String(reader.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
        .startsWith("data-");
    assertThat(reader.waitFor()).isZero();
    assertThat(temporary).isEmptyDirectory();
  }

  /** Copies a remote data set and prints what is in the temporary directory then. */
  public static final class Reader {
    private Reader() {}

    public static void main(String[] directory) throws Exception {
      openRemote(directory[0]).split(SplitName.TRAIN);
      try (Stream<java.nio.file.Path> files =
          Files.walk(java.nio.file.Path.of(System.getProperty("java.io.tmpdir")))) {
        files
            .map(file -> file.getFileName().toString())
            .filter(name -> name.startsWith("data-"))
            .forEach(System.out::println);
      }
    }
  }

  @Test
  void aLocalDiskThatIsFullIsNamedWithTheWayOut() throws Exception {
    java.nio.file.Path full = java.nio.file.Path.of("/dev/full");
    assumeTrue(Files.exists(full), "skipped: there is no /dev/full");
    java.nio.file.Path folder = Files.createDirectory(directory.resolve("copies"));
    ShardFile file = splitOf("full", 10).files().get(0);
    Files.createSymbolicLink(folder.resolve(file.name()), full);

    Path original = new Path(path(), file.name());
    assertThatThrownBy(() -> new LocalCopies(folder).open(fileSystem, path(), file))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "%s cannot be copied to %s (No space left on device): make room there, or choose another directory with"
                + " -Djava.io.tmpdir=DIRECTORY in spark.executor.extraJavaOptions (a local master:"
                + " spark.driver.extraJavaOptions)",
            Storage.shown(original), folder);
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aLocalFileIsVerifiedAgainOnlyIfItMayHaveChanged() throws Exception {
    java.nio.file.Path file = directory.resolve("train-00001-of-00004.bin");
    FileTime earlier = FileTime.from(Instant.now().minusSeconds(60));
    Files.setLastModifiedTime(file, earlier);
    assertThat(readTrain()).hasSize(TOKENS);
    byte[] altered = Files.readAllBytes(file);
    altered[77] ^= 1;
    Files.write(file, altered);
    Files.setLastModifiedTime(file, earlier);

    assertThat(readTrain()).hasSize(TOKENS); // no one has looked

    Files.setLastModifiedTime(file, FileTime.from(Instant.now().minusSeconds(30)));
    assertThatThrownBy(this::readTrain)
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching(ALTERED);
  }

  @Test
  void aLocalFileThatWasJustWrittenMayChangeUnseenAndIsReadAgain() throws Exception {
    java.nio.file.Path file = directory.resolve("train-00001-of-00004.bin");
    FileTime soon = FileTime.from(Instant.now().plusSeconds(600));
    Files.setLastModifiedTime(file, soon);
    assertThat(readTrain()).hasSize(TOKENS);
    byte[] altered = Files.readAllBytes(file);
    altered[77] ^= 1;
    Files.write(file, altered);
    Files.setLastModifiedTime(file, soon);

    assertThatThrownBy(this::readTrain)
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching(ALTERED);
  }

  private long[] readTrain() throws Exception {
    try (TokenDataset dataset = TokenDataset.open(configuration, path())) {
      return read(dataset.split(SplitName.TRAIN), 0, TOKENS);
    }
  }

  @Test
  void readingAfterClosingFails() throws Exception {
    TokenDataset dataset = TokenDataset.open(configuration, path());
    TokenStream stream = dataset.split(SplitName.VALID);
    dataset.close();
    assertThatThrownBy(() -> read(stream, 0, 1))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("valid-00000-of-00001.bin is closed");
  }

  @Test
  void missingDirectoriesAndManifestsAreNamed() throws Exception {
    Path missing = new Path(path(), "missing");
    assertThatThrownBy(() -> TokenDataset.open(configuration, missing))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "%s: no such data set: check the path, or make one with the tokenize job (--output %s)",
            missing, missing);
    Files.delete(directory.resolve("dataset.json"));
    assertOpenFails(
        "%s has no dataset.json, so it is not a token data set: check the path, or make the data set again with the tokenize job"
            .formatted(path()));
  }

  @Test
  void damagedManifestsAreNamed() throws Exception {
    String json = Files.readString(directory.resolve("dataset.json"));
    writeManifest(json.substring(0, json.length() / 2));
    assertOpenFails("dataset.json is damaged (");
    writeManifest(json.replace("\"format_version\" : 2", "\"format_version\" : 9"));
    assertOpenFails(
        "dataset.json has format version 9, this program reads 2: make the data set again");
    writeManifest("{}");
    assertOpenFails("dataset.json has format version none, this program reads 2");
    writeManifest(json.replace("\"vocab_size\"", "\"words\""));
    assertOpenFails(
        "dataset.json is damaged (Missing creator property 'vocab_size'): copy it again");
    writeManifest(
        json.replace(
            "\"tokens\" : 1000,\n      \"documents\"", "\"tokens\" : 999,\n      \"documents\""));
    assertOpenFails("a split of 999 tokens has files with 1000");
    writeManifest(json.replace("uint16", "float8"));
    assertOpenFails("dtype 'float8' is not supported: write the data set again as uint16 or int32");
    writeManifest(json.replace("train-00000", "../train-00000"));
    assertOpenFails("file name '../train-00000-of-00004.bin' is not a plain name");
    writeManifest(json.replace(tokenizer.fingerprint(), "0".repeat(64)));
    assertOpenFails(
        "the tokenizer (7 tokens, fingerprint "
            + tokenizer.fingerprint().substring(0, 12)
            + ") is not the one");
  }

  @Test
  void truncatedAlteredAndMissingFilesAreNamed() throws Exception {
    java.nio.file.Path file = directory.resolve("train-00001-of-00004.bin");
    byte[] bytes = Files.readAllBytes(file);

    Files.write(file, Arrays.copyOf(bytes, bytes.length - 2));
    assertSplitFails(
        "train-00001-of-00004.bin has 598 bytes where 600 are recorded: copy the data set again, or make it again");
    byte[] altered = bytes.clone();
    altered[77] ^= 1;
    Files.write(file, altered);
    assertThatThrownBy(this::readTrain)
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching(ALTERED);
    Files.delete(file);
    assertSplitFails("train-00001-of-00004.bin is missing: copy the data set again");
    Files.write(file, bytes);
    Files.writeString(directory.resolve("train-00003-of-00004.idx"), "?");
    assertSplitFails("train-00003-of-00004.idx has 1 bytes where 62 are recorded");
  }

  private void assertOpenFails(String message) {
    assertThatThrownBy(() -> TokenDataset.open(configuration, path()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message);
  }

  private void assertSplitFails(String message) throws Exception {
    try (TokenDataset dataset = TokenDataset.open(configuration, path())) {
      assertThatThrownBy(() -> dataset.split(SplitName.TRAIN))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining(message);
    }
  }

  private void writeManifest(String json) throws Exception {
    Files.writeString(directory.resolve("dataset.json"), json, StandardCharsets.UTF_8);
  }

  private DatasetManifest manifest(DatasetManifest.Split train, DatasetManifest.Split valid) {
    TreeMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    splits.put(SplitName.TRAIN, train);
    splits.put(SplitName.VALID, valid);
    TreeMap<String, String> options = new TreeMap<>();
    options.put("tokenizer", "char");
    return new DatasetManifest(
        DatasetManifest.FORMAT_VERSION,
        new DatasetManifest.TokenizerFile(CharTokenizer.FILE_NAME, tokenizer.fingerprint()),
        tokenizer.vocabSize(),
        TokenDtype.UINT16,
        List.of(),
        2,
        0,
        DatasetManifest.Skipped.NONE,
        splits,
        List.of(new DatasetManifest.Source("file:/corpus.txt", 2 * TOKENS)),
        options);
  }

  /** Shards of the tokens 0, 1, ... 6, 0, 1, ... */
  private DatasetManifest.Split splitOf(String split, int... shardTokens) throws Exception {
    List<ShardFile> files = new ArrayList<>();
    int position = 0;
    for (int i = 0; i < shardTokens.length; i++) {
      int start = position;
      int[] tokens = IntStream.range(0, shardTokens[i]).map(k -> (start + k) % 7).toArray();
      position += tokens.length;
      String name = String.format("%s-%05d-of-%05d", split, i, shardTokens.length);
      try (ShardWriter writer = ShardWriter.create(fileSystem, path(), name, TokenDtype.UINT16)) {
        writer.append(tokens, 0, tokens.length);
        writer.endDocument();
        files.addAll(writer.finish());
      }
    }
    return new DatasetManifest.Split(position, 1, position, position, files, List.of());
  }

  private static long[] read(TokenStream stream, int position, int count) {
    long[] tokens = new long[count];
    stream.read(position, count, tokens, 0);
    return tokens;
  }

  private TokenDataset openRemote() {
    return assertDoesNotThrow(() -> openRemote(directory.toString()));
  }

  private static TokenDataset openRemote(String directory) throws Exception {
    return TokenDataset.open(
        RemoteFileSystem.configuration(),
        RemoteFileSystem.remote(java.nio.file.Path.of(directory)));
  }

  private Path path() {
    return new Path(directory.toUri());
  }
}
