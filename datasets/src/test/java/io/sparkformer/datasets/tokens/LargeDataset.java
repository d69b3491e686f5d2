package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.tokenizer.CharTokenizer;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;

/** Data sets of the token 0 alone, in files that are all hole: any size takes no room. */
public final class LargeDataset {

  private static final int HEADER_BYTES = 34;

  private LargeDataset() {}

  /**
   * Writes a data set of the same split twice, with the sums of its blocks.
   *
   * @param shards of each split
   * @param shardBytes of each .bin
   * @param sequences of each shard, as its header says; sizes and offsets are 0
   */
  public static Path write(Path directory, int shards, long shardBytes, int sequences)
      throws IOException {
    Files.createDirectories(directory);
    CharTokenizer tokenizer = CharTokenizer.of("ab".codePoints().toArray());
    tokenizer.write(localFiles(), hadoop(directory));
    TreeMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    for (SplitName split : SplitName.values()) {
      List<ShardFile> files = new ArrayList<>();
      for (int i = 0; i < shards; i++) {
        String stem = "%s-%05d-of-%05d".formatted(split, i, shards);
        files.add(hole(directory.resolve(stem + ".bin"), shardBytes, shardBytes / 2, sequences));
        long indexBytes = HEADER_BYTES + 12L * sequences + 8L * (sequences + 1);
        files.add(index(directory.resolve(stem + ".idx"), indexBytes, shardBytes / 2, sequences));
      }
      long tokens = shards * shardBytes / 2;
      splits.put(split, new DatasetManifest.Split(tokens, 1, tokens, tokens, files, List.of()));
    }
    new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile(CharTokenizer.FILE_NAME, tokenizer.fingerprint()),
            tokenizer.vocabSize(),
            TokenDtype.UINT16,
            List.of(),
            1,
            0,
            DatasetManifest.Skipped.NONE,
            splits,
            List.of(),
            new TreeMap<>())
        .write(localFiles(), hadoop(directory));
    return directory;
  }

  private static ShardFile index(Path file, long bytes, long tokens, int sequences)
      throws IOException {
    ByteBuffer header = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
    header.put("MMIDIDX\0\0".getBytes(java.nio.charset.StandardCharsets.US_ASCII));
    header.putLong(1).put((byte) 8).putLong(sequences).putLong(sequences + 1L);
    ShardFile hole = hole(file, bytes, tokens, sequences);
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.write(header.array());
    }
    byte[] block = new byte[(int) Math.min(bytes, BlockSums.BLOCK_BYTES)];
    header.rewind().get(block, 0, HEADER_BYTES);
    return new ShardFile(
        hole.name(),
        bytes,
        hole.sha256(),
        tokens,
        sequences,
        sequences,
        sum(block) + hole.crc32c().substring(BlockSums.DIGITS));
  }

  private static ShardFile hole(Path file, long bytes, long tokens, int sequences)
      throws IOException {
    try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
      out.setLength(bytes);
    }
    long whole = bytes / BlockSums.BLOCK_BYTES;
    int rest = (int) (bytes % BlockSums.BLOCK_BYTES);
    String sums =
        sum(new byte[BlockSums.BLOCK_BYTES]).repeat((int) whole)
            + (rest == 0 ? "" : sum(new byte[rest]));
    return new ShardFile(
        file.getFileName().toString(), bytes, "0".repeat(64), tokens, sequences, sequences, sums);
  }

  private static String sum(byte[] bytes) {
    BlockSums sums = new BlockSums();
    sums.update(bytes, 0, bytes.length);
    return sums.finish();
  }
}
