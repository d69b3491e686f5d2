package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;

import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDtype;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.TreeMap;

/**
 * Data sets of short texts of a, b and c, each a sequence; the label of one says which letter it
 * begins with.
 */
public final class LabelledText {

  static final List<String> LABELS = List.of("starts with a", "starts with b", "starts with c");

  private static final List<String> LETTERS = List.of("a", "b", "c");

  private LabelledText() {}

  /** Texts of 1 to 7 letters; the first three of a split begin with each of them. */
  public static List<String> texts(int count, long seed) {
    Random random = new Random(seed);
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      StringBuilder text = new StringBuilder(LETTERS.get(i < 3 ? i : random.nextInt(3)));
      for (int more = random.nextInt(7); more > 0; more--) {
        text.append(LETTERS.get(random.nextInt(3)));
      }
      texts.add(text.toString());
    }
    return texts;
  }

  /** Writes both splits with a label for each text. */
  public static Path dataset(Path directory, List<String> train, List<String> valid)
      throws IOException {
    Files.createDirectories(directory);
    Tokenizer tokenizer = CharTokenizer.of("abc".codePoints().toArray());
    tokenizer.write(localFiles(), hadoop(directory));
    TreeMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    splits.put(SplitName.TRAIN, split(directory, "train", tokenizer, train));
    splits.put(SplitName.VALID, split(directory, "valid", tokenizer, valid));
    new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile(CharTokenizer.FILE_NAME, tokenizer.fingerprint()),
            tokenizer.vocabSize(),
            TokenDtype.UINT16,
            LABELS,
            (long) train.size() + valid.size(),
            0,
            DatasetManifest.Skipped.NONE,
            splits,
            List.of(),
            new TreeMap<>())
        .write(localFiles(), hadoop(directory));
    return directory;
  }

  private static DatasetManifest.Split split(
      Path directory, String name, Tokenizer tokenizer, List<String> texts) throws IOException {
    long tokens = 0;
    try (ShardWriter text = shard(directory, name);
        ShardWriter labels = shard(directory, name + "-label")) {
      for (String each : texts) {
        tokens += append(text, tokenizer.encode(each));
        append(labels, new int[] {LETTERS.indexOf(each.substring(0, 1))});
      }
      List<ShardFile> files = text.finish();
      return new DatasetManifest.Split(
          tokens, texts.size(), tokens, tokens, files, labels.finish());
    }
  }

  private static ShardWriter shard(Path directory, String name) throws IOException {
    return ShardWriter.create(
        localFiles(), hadoop(directory), name + "-00000-of-00001", TokenDtype.UINT16);
  }

  private static int append(ShardWriter writer, int[] sequence) throws IOException {
    writer.append(sequence, 0, sequence.length);
    writer.endDocument();
    return sequence.length;
  }
}
