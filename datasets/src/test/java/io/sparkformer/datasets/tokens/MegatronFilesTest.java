package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.SharedData;
import io.sparkformer.datasets.Storage;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32C;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MegatronFilesTest {

  private static final String OPEN_WEB_TEXT = "megatron/meg-gpt2-openwebtext_text_document";

  @TempDir Path directory;

  private final FileSystem fileSystem =
      Storage.fileSystem(new org.apache.hadoop.fs.Path("file:///"), new Configuration());

  @Test
  void megatronsOpenWebTextPairIsReadInFullAndWrittenBackByteForByte() throws Exception {
    Path original = SharedData.file(OPEN_WEB_TEXT + ".bin");
    IndexFile index = IndexFile.read(SharedData.file(OPEN_WEB_TEXT + ".idx"));
    try (TokenShard shard = TokenShard.open(original)) {
      assertThat(index.dtype()).isEqualTo(TokenDtype.UINT16);
      assertThat(index.sequences()).isEqualTo(1_000);
      assertThat(index.documents()).isEqualTo(1_000);
      assertThat(shard.length()).isEqualTo(1_361_845);

      List<ShardFile> files = copy(shard, index, "copy");

      Path tokens = directory.resolve("copy.bin");
      Path bounds = directory.resolve("copy.idx");
      assertThat(Files.mismatch(tokens, original)).isEqualTo(-1);
      assertThat(Files.mismatch(bounds, SharedData.file(OPEN_WEB_TEXT + ".idx"))).isEqualTo(-1);
      assertThat(files)
          .containsExactly(
              new ShardFile(
                  "copy.bin",
                  2_723_690,
                  "bd6cae4cbc03040e8b86c834d4f03bea1e33aec1a6245a66c469b7f51fc82254",
                  1_361_845,
                  1_000,
                  1_000,
                  crc32c(tokens)),
              new ShardFile(
                  "copy.idx",
                  20_042,
                  "6c66639d39299e15605f39283e4b08849cf1ea4172c0abce900849a5762c8e5c",
                  1_361_845,
                  1_000,
                  1_000,
                  crc32c(bounds)));
      assertThat(files.get(0).crc32c()).hasSize(3 * 8);
    }
  }

  private static String crc32c(Path file) throws Exception {
    byte[] bytes = Files.readAllBytes(file);
    StringBuilder sums = new StringBuilder();
    for (int from = 0; from < bytes.length; from += 1 << 20) {
      CRC32C sum = new CRC32C();
      sum.update(bytes, from, Math.min(1 << 20, bytes.length - from));
      sums.append(String.format("%08x", sum.getValue()));
    }
    return sums.toString();
  }

  @Test
  void everyOpenWebTextDocumentEndsWithEndOfText() throws Exception {
    IndexFile index = IndexFile.read(SharedData.file(OPEN_WEB_TEXT + ".idx"));
    try (TokenShard shard = TokenShard.open(SharedData.file(OPEN_WEB_TEXT + ".bin"))) {
      long position = 0;
      long[] last = new long[1];
      for (int sequence = 0; sequence < index.sequences(); sequence++) {
        position += index.size(sequence);
        shard.read(position - 1, 1, last, 0);
        assertThat(last[0]).as("last token of sequence %d", sequence).isEqualTo(4_999);
      }
    }
  }

  @Test
  void int32TokensSequencesAndDocumentsAreReadAsWritten() throws Exception {
    try (ShardWriter writer =
        ShardWriter.create(fileSystem, hadoopDirectory(), "wide", TokenDtype.INT32)) {
      writer.append(new int[] {9, 70_000, Integer.MAX_VALUE, 9}, 1, 2);
      writer.endSequence();
      writer.endSequence();
      writer.endDocument();
      writer.append(new int[] {5}, 0, 1);
      writer.endDocument();
      writer.endDocument();
      writer.finish();
    }

    try (TokenShard shard = TokenShard.open(directory.resolve("wide.bin"))) {
      long[] tokens = new long[4];
      shard.read(0, 3, tokens, 1);
      assertThat(tokens).containsExactly(0, 70_000, Integer.MAX_VALUE, 5);
      IndexFile index = IndexFile.read(directory.resolve("wide.idx"));
      assertThat(index.sequences()).isEqualTo(3);
      assertThat(List.of(index.size(0), index.size(1), index.size(2))).containsExactly(2, 0, 1);
      assertThat(index.documents()).isEqualTo(3);
      assertThat(List.of(index.documentBound(1), index.documentBound(2), index.documentBound(3)))
          .containsExactly(2L, 3L, 3L);
    }
    assertThat(directory.toFile().list()).containsExactlyInAnyOrder("wide.bin", "wide.idx");
  }

  @Test
  void manySmallSequencesKeepTheirBounds() throws Exception {
    int[] ones = new int[20_000];
    Arrays.fill(ones, 1);
    try (ShardWriter writer =
        ShardWriter.create(fileSystem, hadoopDirectory(), "many", TokenDtype.UINT16)) {
      for (int i = 0; i < ones.length; i++) {
        writer.append(ones, 0, i % 3);
        writer.endSequence();
        writer.endDocument();
      }
      writer.finish();
    }

    IndexFile index = IndexFile.read(directory.resolve("many.idx"));

    assertThat(index.sequences()).isEqualTo(20_000);
    assertThat(index.tokens()).isEqualTo(19_999);
    assertThat(index.size(19_999)).isEqualTo(1);
  }

  @Test
  void aWriterThatIsClosedUnfinishedLeavesNothing() throws Exception {
    ShardWriter writer =
        ShardWriter.create(fileSystem, hadoopDirectory(), "lost", TokenDtype.UINT16);
    writer.append(new int[] {1, 2, 3}, 0, 3);
    assertThatThrownBy(writer::finish)
        .isInstanceOf(IllegalStateException.class)
        .hasMessage("lost: the last document was not ended");
    writer.close();

    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void tokensThatDoNotFitTheirTypeAreRefused() throws Exception {
    try (ShardWriter writer =
        ShardWriter.create(fileSystem, hadoopDirectory(), "narrow", TokenDtype.UINT16)) {
      assertThatThrownBy(() -> writer.append(new int[] {65_536}, 0, 1))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("narrow: a token is outside 0..65535 of uint16");
      assertThatThrownBy(() -> writer.append(new int[] {-1}, 0, 1))
          .isInstanceOf(IllegalArgumentException.class);
    }
  }

  @Test
  void vocabulariesBelow65500AreStoredIn16Bits() {
    assertThat(TokenDtype.forVocabSize(65_499)).isEqualTo(TokenDtype.UINT16);
    assertThat(TokenDtype.forVocabSize(65_500)).isEqualTo(TokenDtype.INT32);
  }

  @Test
  void readingOutsideAShardOrAfterClosingFails() throws Exception {
    writeSmall();
    TokenShard shard = TokenShard.open(directory.resolve("small.bin"));
    assertThatThrownBy(() -> shard.read(3, 3, new long[3], 0))
        .isInstanceOf(IndexOutOfBoundsException.class);
    shard.close();
    assertThatThrownBy(() -> shard.read(0, 1, new long[1], 0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("small.bin is closed");
  }

  @Test
  void alteredIndexFilesAreNamedWithWhatIsWrong() throws Exception {
    // magic 0..8, version 9, dtype 17, sequences 18, bounds 26, two sizes 34, two offsets 42, three
    // bounds 58.
    assertIndexFails(
        bytes -> bytes.put(0, (byte) 'X'),
        "small.idx does not begin with Megatron's magic MMIDIDX");
    assertIndexFails(
        bytes -> bytes.putLong(9, 2), "small.idx has format version 2, this program reads 1");
    assertIndexFails(bytes -> bytes.put(17, (byte) 6), "small.idx: dtype code 6 is not supported");
    assertIndexFails(
        bytes -> bytes.putLong(18, -1),
        "small.idx: counts of -1 sequences and 3 document bounds are out of range");
    assertIndexFails(
        bytes -> bytes.putLong(18, 3),
        "small.idx: 82 bytes where 3 sequences and 3 document bounds need 94");
    assertIndexFails(
        bytes -> bytes.putInt(34, 4),
        "small.idx: sequence 1 has size 2 and offset 6 where 8 was expected");
    assertIndexFails(
        bytes -> bytes.putInt(34, -1), "small.idx: sequence 0 has size -1 and offset 0");
    assertIndexFails(
        bytes -> bytes.putLong(42, 2),
        "small.idx: sequence 0 has size 3 and offset 2 where 0 was expected");
    assertIndexFails(
        bytes -> bytes.putLong(58, 1),
        "small.idx: document bounds do not run from 0 to the 2 sequences");
    assertIndexFails(
        bytes -> bytes.putLong(74, 3),
        "small.idx: document bounds do not run from 0 to the 2 sequences");
    assertIndexFails(bytes -> bytes.putLong(66, 9), "small.idx: document bound 2 goes backwards");
    assertIndexFails(
        bytes -> bytes.limit(81),
        "small.idx: 81 bytes where 2 sequences and 3 document bounds need 82");
    assertIndexFails(bytes -> bytes.limit(10), "small.idx: 10 bytes are too few for an index");
  }

  @Test
  void aTokenFileOfAnotherLengthThanItsIndexSaysIsNamed() throws Exception {
    writeSmall();
    Path tokens = directory.resolve("small.bin");
    Files.write(tokens, Arrays.copyOf(Files.readAllBytes(tokens), 9));

    assertThatThrownBy(() -> TokenShard.open(tokens))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("small.bin: 9 bytes where its index says 10: copy the files again");
  }

  private interface Change {
    void apply(ByteBuffer bytes);
  }

  private void assertIndexFails(Change change, String message) throws Exception {
    writeSmall();
    Path file = directory.resolve("small.idx");
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(file)).order(ByteOrder.LITTLE_ENDIAN);
    change.apply(bytes);
    Files.write(file, Arrays.copyOf(bytes.array(), bytes.limit()));
    assertThatThrownBy(() -> IndexFile.read(file))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(message)
        .hasMessageContaining("again");
  }

  private void writeSmall() throws Exception {
    try (ShardWriter writer =
        ShardWriter.create(fileSystem, hadoopDirectory(), "small", TokenDtype.UINT16)) {
      writer.append(new int[] {1, 2, 3}, 0, 3);
      writer.endDocument();
      writer.append(new int[] {4, 5}, 0, 2);
      writer.endDocument();
      writer.finish();
    }
  }

  private List<ShardFile> copy(TokenShard shard, IndexFile index, String name) throws Exception {
    long position = 0;
    try (ShardWriter writer =
        ShardWriter.create(fileSystem, hadoopDirectory(), name, index.dtype())) {
      for (int document = 0; document < index.documents(); document++) {
        for (long s = index.documentBound(document); s < index.documentBound(document + 1); s++) {
          long[] tokens = new long[index.size((int) s)];
          shard.read(position, tokens.length, tokens, 0);
          position += tokens.length;
          writer.append(
              Arrays.stream(tokens).mapToInt(Math::toIntExact).toArray(), 0, tokens.length);
          writer.endSequence();
        }
        writer.endDocument();
      }
      return writer.finish();
    }
  }

  private org.apache.hadoop.fs.Path hadoopDirectory() {
    return hadoop(directory);
  }
}
