package io.sparkformer.jobs;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.BlockSums;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Stream;

/** Data sets of a few tokens, and what can happen to their files. */
public final class SmallDataSet {

  public static final Tokenizer ABC = CharTokenizer.of(new int[] {'\n', 'a', 'b', 'c'});

  private SmallDataSet() {}

  /**
   * Writes a data set.
   *
   * @param train documents by shard
   * @param valid one document
   */
  public static Path write(Path path, Tokenizer tokenizer, List<List<String>> train, String valid)
      throws IOException {
    org.apache.hadoop.fs.Path target = hadoop(path);
    Files.createDirectory(path);
    String name = path.getFileName().toString();
    SortedMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    splits.put(SplitName.TRAIN, split(target, "train", tokenizer, train));
    splits.put(SplitName.VALID, split(target, "valid", tokenizer, List.of(List.of(valid))));
    tokenizer.write(localFiles(), target);
    new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile(Tokenizer.FILE_NAME, tokenizer.fingerprint()),
            tokenizer.vocabSize(),
            TokenDtype.UINT16,
            List.of(),
            splits.values().stream().mapToLong(DatasetManifest.Split::documents).sum(),
            1,
            DatasetManifest.Skipped.NONE,
            splits,
            List.of(new DatasetManifest.Source("file:/" + name + ".txt", 7)),
            new TreeMap<>(Map.of("format", "text", "name", name)))
        .write(localFiles(), target);
    return path;
  }

  /** The data set that most tests begin with. */
  public static Path abc(Path path) throws IOException {
    return write(path, ABC, List.of(List.of("abc\nabc", "", "a"), List.of("bb")), "c");
  }

  /** Turns all bits of a byte. */
  public static void flip(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at] ^= (byte) 0xFF;
    Files.write(file, bytes);
  }

  /** Makes dataset.json say that a file is as it now is. */
  public static void record(Path file) throws IOException {
    Path data = file.resolveSibling(DatasetManifest.FILE_NAME);
    String name = file.getFileName().toString();
    byte[] bytes = Files.readAllBytes(file);
    DatasetManifest manifest = DatasetManifest.read(localFiles(), hadoop(file.getParent()));
    ShardFile recorded =
        manifest.splits().values().stream()
            .flatMap(split -> split.files().stream())
            .filter(shard -> shard.name().equals(name))
            .findFirst()
            .orElseThrow();
    Files.writeString(
        data,
        Files.readString(data)
            .replace(recorded.sha256(), HexFormat.of().formatHex(Sha256.digest().digest(bytes)))
            .replace(recorded.crc32c(), crc32c(bytes))
            .replaceFirst(
                "(\"name\" : \"%s\",\\s+\"bytes\" : )\\d+".formatted(name), "$1" + bytes.length));
  }

  /** Makes dataset.json that of an earlier build, which had no sums of blocks. */
  public static void forgetSums(Path data) throws IOException {
    Path json = data.resolve(DatasetManifest.FILE_NAME);
    Files.writeString(
        json, Files.readString(json).replaceAll(",\\s+\"crc32c\" : \"[0-9a-f]*\"", ""));
  }

  private static String crc32c(byte[] bytes) {
    BlockSums sums = new BlockSums();
    sums.update(bytes, 0, bytes.length);
    return sums.finish();
  }

  /** Bytes of a split's files. */
  public static long bytes(Path data, String split) throws IOException {
    try (Stream<Path> files = Files.list(data)) {
      return files
          .filter(file -> file.getFileName().toString().startsWith(split))
          .mapToLong(file -> file.toFile().length())
          .sum();
    }
  }

  private static DatasetManifest.Split split(
      org.apache.hadoop.fs.Path target, String name, Tokenizer tokenizer, List<List<String>> shards)
      throws IOException {
    List<ShardFile> files = new ArrayList<>();
    long tokens = 0;
    long documents = 0;
    for (int i = 0; i < shards.size(); i++) {
      String stem = "%s-%05d-of-%05d".formatted(name, i, shards.size());
      try (ShardWriter writer = ShardWriter.create(localFiles(), target, stem, TokenDtype.UINT16)) {
        for (String document : shards.get(i)) {
          int[] ids = tokenizer.encode(document);
          writer.append(ids, 0, ids.length);
          writer.endDocument();
          tokens += ids.length;
          documents++;
        }
        files.addAll(writer.finish());
      }
    }
    return new DatasetManifest.Split(tokens, documents, tokens, tokens, files, List.of());
  }
}
