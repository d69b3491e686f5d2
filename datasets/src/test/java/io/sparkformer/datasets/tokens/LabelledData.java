package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.LocalFiles.hadoop;

import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.BuiltIn;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.LongStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;

/** Data sets of given sequences, also such as the tokenize job would not write. */
public final class LabelledData {

  private LabelledData() {}

  /**
   * A data set over the tokens 0 to 9 whose only split is {@code train}.
   *
   * @param names of the classes
   * @param text sequences of each shard
   * @param labels the same; written as int32
   */
  public static TokenDataset write(
      Path directory, List<String> names, int[][][] text, int[][][] labels) throws Exception {
    return write(
        directory,
        CharTokenizer.of("0123456789".codePoints().toArray()),
        new TreeMap<>(),
        names,
        text,
        labels);
  }

  /** The same over GPT-2's tokens, each sequence of which ends with the one that ends texts. */
  public static TokenDataset writeEnded(
      Path directory, List<String> names, int[][][] text, int[][][] labels) throws Exception {
    return write(
        directory,
        BpeTokenizer.of(BuiltIn.GPT2.model()),
        new TreeMap<>(Map.of(DatasetManifest.END_OF_TEXT, "true")),
        names,
        text,
        labels);
  }

  private static TokenDataset write(
      Path directory,
      Tokenizer tokenizer,
      java.util.SortedMap<String, String> options,
      List<String> names,
      int[][][] text,
      int[][][] labels)
      throws Exception {
    org.apache.hadoop.fs.Path path = hadoop(directory);
    FileSystem fileSystem = Storage.fileSystem(path, new Configuration());
    tokenizer.write(fileSystem, path);
    List<ShardFile> files = shards(directory, "train", TokenDtype.UINT16, text);
    List<ShardFile> labelFiles = shards(directory, "train-label", TokenDtype.INT32, labels);
    long tokens = Arrays.stream(text).flatMap(Arrays::stream).mapToLong(s -> s.length).sum();
    TreeMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    splits.put(
        SplitName.TRAIN, new DatasetManifest.Split(tokens, 1, tokens, tokens, files, labelFiles));
    new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile(Tokenizer.FILE_NAME, tokenizer.fingerprint()),
            tokenizer.vocabSize(),
            TokenDtype.UINT16,
            names,
            1,
            0,
            DatasetManifest.Skipped.NONE,
            splits,
            List.of(),
            options)
        .write(fileSystem, path);
    return TokenDataset.open(new Configuration(), path);
  }

  private static List<ShardFile> shards(
      Path directory, String name, TokenDtype dtype, int[][][] shards) throws Exception {
    List<ShardFile> files = new ArrayList<>();
    for (int i = 0; i < shards.length; i++) {
      int[] sizes = Arrays.stream(shards[i]).mapToInt(s -> s.length).toArray();
      int[] tokens = Arrays.stream(shards[i]).flatMapToInt(Arrays::stream).toArray();
      ByteBuffer bytes =
          ByteBuffer.allocate(tokens.length * dtype.byteWidth()).order(ByteOrder.LITTLE_ENDIAN);
      for (int token : tokens) {
        if (dtype == TokenDtype.INT32) {
          bytes.putInt(token);
        } else {
          bytes.putShort((short) token);
        }
      }
      ByteArrayOutputStream index = new ByteArrayOutputStream();
      long[] documents = LongStream.rangeClosed(0, sizes.length).toArray();
      IndexFile.of(dtype, sizes, documents).write(index);
      String stem = String.format("%s-%05d-of-%05d", name, i, shards.length);
      files.add(file(directory, stem + ".bin", bytes.array(), tokens.length, sizes.length));
      files.add(file(directory, stem + ".idx", index.toByteArray(), tokens.length, sizes.length));
    }
    return files;
  }

  private static ShardFile file(
      Path directory, String name, byte[] bytes, int tokens, int sequences) throws Exception {
    Files.write(directory.resolve(name), bytes);
    String sum = HexFormat.of().formatHex(Sha256.digest().digest(bytes));
    BlockSums blocks = new BlockSums();
    blocks.update(bytes, 0, bytes.length);
    return new ShardFile(name, bytes.length, sum, tokens, sequences, sequences, blocks.finish());
  }
}
