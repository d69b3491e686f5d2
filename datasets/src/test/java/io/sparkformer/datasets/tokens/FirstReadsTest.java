package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.RemoteFileSystem.remote;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.RemoteFileSystem;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What opening a data set reads, and what reading it does. */
class FirstReadsTest {

  private static final long MIB = 1 << 20;
  private static final long GIB = 1 << 30;
  private static final String FIRST = "train-00000-of-00004.bin";

  @TempDir private Path directory;

  @BeforeEach
  void forget() {
    RemoteFileSystem.restart();
  }

  @Test
  void opening100GbReadsNoMoreThanOpening1Mb() throws Exception {
    assumeTrue(Files.exists(Path.of("/proc/self/io")), "skipped: there is no /proc/self/io");
    Path small = LargeDataset.write(directory.resolve("small"), 4, MIB / 8, 1);
    Path large = LargeDataset.write(directory.resolve("large"), 4, 25 * GIB / 2, 30_000_000);
    openAndRead(small); // classes are loaded

    long readOfSmall = openAndRead(small);
    long readOfLarge = openAndRead(large);

    // dataset.json has 8 digits for each 1 MiB.
    long more =
        Files.size(large.resolve("dataset.json")) - Files.size(small.resolve("dataset.json"));
    assertThat(more).isLessThan(2 * MIB);
    assertThat(readOfLarge - readOfSmall).isLessThan(more + 6 * MIB);
  }

  /** Bytes that a start reads: by calls, and by touching what is mapped. */
  private static long openAndRead(Path data) throws Exception {
    long before = figure("/proc/self/io", "rchar") + 1024 * figure("/proc/self/status", "RssFile");
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      for (SplitName split : SplitName.values()) {
        TokenStream stream = dataset.split(split);
        stream.read(stream.length() / 2, 100, new long[100], 0);
      }
      return figure("/proc/self/io", "rchar")
          + 1024 * figure("/proc/self/status", "RssFile")
          - before;
    }
  }

  private static long figure(String file, String name) throws IOException {
    Matcher found =
        Pattern.compile("(?m)^" + name + ":\\s+(\\d+)").matcher(Files.readString(Path.of(file)));
    assertThat(found.find()).as("%s in %s", name, file).isTrue();
    return Long.parseLong(found.group(1));
  }

  @Test
  void ofARemoteDatasetOnlyTheBlocksThatAreReadAreCopied() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 4, 25 * GIB / 2, 30_000_000);
    long start =
        Files.size(data.resolve("dataset.json")) + Files.size(data.resolve("tokenizer.json"));
    try (TokenDataset dataset = TokenDataset.open(RemoteFileSystem.configuration(), remote(data))) {
      TokenStream stream = dataset.split(SplitName.TRAIN);
      dataset.split(SplitName.VALID);
      assertThat(RemoteFileSystem.bytesRead()).isEqualTo(start);

      long[] tokens = {9, 9};
      stream.read(7 * MIB / 2 - 1, 2, tokens, 0);
      stream.read(stream.length() - 2, 2, tokens, 0);
      stream.read(6 * MIB / 2, 2, tokens, 0);

      assertThat(tokens).containsExactly(0, 0);
      assertThat(RemoteFileSystem.bytesRead() - start).isEqualTo(3 * MIB);
    }
  }

  @Test
  void sequencesOfARemoteDatasetAreCopiedWithTheirIndex() throws Exception {
    Path data = Files.createDirectory(directory.resolve("data"));
    int[][][] text = {{{1, 2, 3}, {}, {4}}, {{5, 6}}};
    LabelledData.write(data, List.of("a", "b"), text, new int[][][] {{{0}, {1}, {0}, {1}}}).close();
    RemoteFileSystem.restart();
    try (TokenDataset dataset = TokenDataset.open(RemoteFileSystem.configuration(), remote(data))) {
      RemoteFileSystem.restart();
      TokenSequences sequences = dataset.sequences(SplitName.TRAIN);
      long[] tokens = new long[3];
      sequences.read(0, 0, 3, tokens, 0);

      assertThat(tokens).containsExactly(1, 2, 3);
      int[] lengths = new int[9];
      assertThat(sequences.lengths(1, lengths)).isEqualTo(3);
      assertThat(lengths).containsExactly(0, 1, 2, 0, 0, 0, 0, 0, 0);
      assertThat(RemoteFileSystem.OPENED)
          .containsExactlyInAnyOrder(
              "train-00000-of-00002.idx", "train-00001-of-00002.idx", "train-00000-of-00002.bin");

      tokens[0] = 9;
      dataset.labels(SplitName.TRAIN).read(3, 0, 1, tokens, 0);
      assertThat(tokens[0]).isOne();
    }
  }

  @Test
  void damageIsFoundWhenItsBlockIsReadAndNamedByFileAndBytes() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 4, 35 * MIB / 2, 10);
    change(data.resolve(FIRST), 5 * MIB / 2);
    for (int attempt = 0; attempt < 2; attempt++) {
      try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
        TokenStream stream = dataset.split(SplitName.TRAIN);
        stream.read(0, (int) MIB, new long[(int) MIB], 0);
        stream.read(3 * MIB / 2, 1, new long[1], 0);
        assertThatThrownBy(() -> stream.read(MIB - 1, 2, new long[2], 0))
            .isInstanceOf(InvalidInputException.class)
            .hasMessageMatching(
                data
                    + "/"
                    + FIRST
                    + " was altered between its bytes 2097152 and 3145728: their CRC-32C is"
                    + " [0-9a-f]{8} where [0-9a-f]{8} is recorded: copy the data set again, or make it"
                    + " again with the tokenize job; 'sparkformer dataset verify' names all that is"
                    + " damaged");
      }
    }
  }

  @Test
  void damageInASmallDatasetIsFoundWhenItIsOpened() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 4, 16 * MIB, 10);
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      dataset.split(SplitName.VALID);
      change(data.resolve("train-00003-of-00004.bin"), 16 * MIB - 1);
      assertThatThrownBy(() -> dataset.split(SplitName.TRAIN))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining(
              "train-00003-of-00004.bin was altered between its bytes 15728640 and 16777216: ");
    }
  }

  @Test
  void aFileThatAnotherReplacedIsReadAnewThoughItsTimeIsTheSame() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 4, MIB, 10);
    Path file = data.resolve(FIRST);
    FileTime earlier = FileTime.from(Instant.now().minusSeconds(60));
    Files.setLastModifiedTime(file, earlier);
    assertThat(firstToken(data)).isZero();
    Path other = Files.copy(file, directory.resolve("other"));
    change(other, 5);
    Files.setLastModifiedTime(other, earlier);
    Files.move(other, file, StandardCopyOption.REPLACE_EXISTING);

    assertThatThrownBy(() -> firstToken(data))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(FIRST + " was altered between its bytes 0 and 1048576: ");
  }

  @Test
  void aDatasetOfAnEarlierBuildIsReadAsItIs() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 4, 3 * MIB, 10);
    withoutSums(data);
    change(data.resolve(FIRST), 0);
    assertThat(firstToken(data)).isEqualTo(1);

    RemoteFileSystem.restart();
    try (TokenDataset dataset = TokenDataset.open(RemoteFileSystem.configuration(), remote(data))) {
      long start = RemoteFileSystem.bytesRead();
      long[] tokens = new long[1];
      dataset.split(SplitName.TRAIN).read(0, 1, tokens, 0);
      assertThat(tokens).containsExactly(1);
      assertThat(RemoteFileSystem.bytesRead() - start).isEqualTo(MIB);
    }
  }

  @Test
  void anIndexIsCheckedWhereItIsRead() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 10, MIB, 400_000);
    Path index = data.resolve("train-00000-of-00010.idx");
    change(index, 9 * MIB / 2);
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      TokenSequences sequences = dataset.sequences(SplitName.TRAIN);
      assertThat(sequences.length(399_999)).isZero();
      sequences.read(200_000, 0, 0, new long[0], 0);
      // Offsets are from byte 34 + 4 * 400,000 on.
      assertThatThrownBy(() -> sequences.read((9 * MIB / 2 - 1_600_034) / 8, 0, 0, new long[0], 0))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining(index + " was altered between its bytes 4194304 and 5242880: ");
    }
  }

  @Test
  void anIndexThatContradictsItselfIsFoundWithoutSums() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 4, MIB, 10);
    withoutSums(data);
    Path index = data.resolve("train-00000-of-00004.idx");
    change(index, 34 + 4 * 3);
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      TokenSequences sequences = dataset.sequences(SplitName.TRAIN);
      assertThat(sequences.length(3)).isEqualTo(1);
      assertThatThrownBy(() -> sequences.read(3, 0, 1, new long[1], 0))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(
              index
                  + ": sequence 3 has size 1 and offset 0, and the next one begins at 0: copy the"
                  + " file again, or make the data set again");
    }
    change(index, 34 + 4 * 3);
    change(index, 34 + 4 * 3 + 3, 0x80);
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      TokenSequences sequences = dataset.sequences(SplitName.TRAIN);
      assertThatThrownBy(() -> sequences.length(3))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining(index + ": sequence 3 has size -2147483648: copy the file again");
    }
  }

  @Test
  void anIndexOfAnotherShardIsNamedWhenItIsOpened() throws Exception {
    Path data = LargeDataset.write(directory.resolve("data"), 4, MIB, 10);
    change(data.resolve("valid-00002-of-00004.idx"), 18);
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      assertThatThrownBy(() -> dataset.split(SplitName.VALID))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining(
              "valid-00002-of-00004.idx: 242 bytes where 11 sequences and 11 document bounds need 254");
    }
    withoutSums(data);
    String json = Files.readString(data.resolve("dataset.json"));
    Files.writeString(
        data.resolve("dataset.json"), json.replaceAll("\"sequences\" : 10", "\"sequences\" : 9"));
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      assertThatThrownBy(() -> dataset.split(SplitName.TRAIN))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining(
              "train-00000-of-00004.idx has 10 sequences and 10 documents where 9 and 10 are recorded");
    }
  }

  @Test
  void aBlockIsReadOnceForManyThreadsAndAgainIfThatFailed() {
    FirstReads reads = new FirstReads(200 * MIB);
    AtomicInteger done = new AtomicInteger();
    assertThatThrownBy(
            () ->
                reads.first(
                    130,
                    block -> {
                      throw new IllegalStateException("no network");
                    }))
        .hasMessage("no network");

    IntStream.range(0, 1_000)
        .parallel()
        .forEach(i -> reads.first(i % 2 == 0 ? 130 : 66, block -> done.addAndGet(block)));

    assertThat(done).hasValue(130 + 66);
  }

  private long firstToken(Path data) throws IOException {
    try (TokenDataset dataset = TokenDataset.open(new Configuration(), hadoop(data))) {
      long[] token = new long[1];
      dataset.split(SplitName.TRAIN).read(0, 1, token, 0);
      return token[0];
    }
  }

  private static void withoutSums(Path data) throws IOException {
    Path json = data.resolve("dataset.json");
    String text = Files.readString(json);
    Files.writeString(json, text.replaceAll(",\\s+\"crc32c\" : \"[0-9a-f]*\"", ""));
    assertThat(Files.size(json)).isLessThan(text.length());
  }

  private static void change(Path file, long at) throws IOException {
    change(file, at, 1);
  }

  private static void change(Path file, long at, int bits) throws IOException {
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.seek(at);
      int before = out.read();
      out.seek(at);
      out.write(before ^ bits);
    }
  }
}
