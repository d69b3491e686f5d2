package io.sparkformer.jobs.dataset;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.IndexFile;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.SplitName;
import java.io.EOFException;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** A data set seen through its indexes, without reading, or copying, more tokens than are shown. */
final class DatasetView {

  private static final String REMEDY = "see what 'sparkformer dataset verify' says of it";

  private final FileSystem fileSystem;
  private final Path directory;
  private final DatasetManifest manifest;
  private final Tokenizer tokenizer;
  private final int samples;
  private final int sampleTokens;

  private DatasetView(
      FileSystem fileSystem, Path directory, DatasetManifest manifest, int samples, int tokens)
      throws IOException {
    this.fileSystem = fileSystem;
    this.directory = directory;
    this.manifest = manifest;
    this.tokenizer = Tokenizers.read(fileSystem, directory);
    this.samples = samples;
    this.sampleTokens = tokens;
  }

  /**
   * Reads what is shown of a data set.
   *
   * @param samples documents to show of each split
   * @param sampleTokens tokens to show of each of them, at most
   * @throws InvalidInputException if it is none, or a file is missing or damaged
   */
  static DatasetShowResult read(Configuration hadoop, Path directory, int samples, int sampleTokens)
      throws IOException {
    FileSystem fileSystem = Storage.fileSystem(directory, hadoop);
    DatasetManifest manifest = DatasetManifest.read(fileSystem, directory);
    return new DatasetView(fileSystem, directory, manifest, samples, sampleTokens).result();
  }

  private DatasetShowResult result() throws IOException {
    SortedMap<SplitName, DatasetShowResult.Split> splits = new TreeMap<>();
    for (Map.Entry<SplitName, DatasetManifest.Split> split : manifest.splits().entrySet()) {
      splits.put(split.getKey(), result(split.getValue()));
    }
    return new DatasetShowResult(
        Storage.shown(directory),
        manifest.tokenizer().fingerprint(),
        manifest.vocabSize(),
        manifest.dtype(),
        splits);
  }

  private DatasetShowResult.Split result(DatasetManifest.Split split) throws IOException {
    TokensPerDocument.Counter lengths = new TokensPerDocument.Counter();
    List<String> shown = new ArrayList<>();
    long sequences = 0;
    List<Shard> shards = Shard.of(split.files());
    for (Shard shard : shards) {
      IndexFile index = index(shard);
      sequences += index.sequences();
      lengths.add(index);
      if (shown.size() < samples && shard.tokens().isPresent()) {
        addSamples(shard.tokens().orElseThrow(), index, shown);
      }
    }
    return new DatasetShowResult.Split(
        split.documents(),
        sequences,
        split.tokens(),
        split.characters(),
        split.allFiles().stream().mapToLong(ShardFile::bytes).sum(),
        shards.size(),
        lengths.distribution(),
        shown);
  }

  private IndexFile index(Shard shard) throws IOException {
    ShardFile file =
        shard
            .index()
            .orElseThrow(
                () ->
                    new InvalidInputException(
                        "%s has no index of %s: %s"
                            .formatted(DatasetManifest.FILE_NAME, shard.stem(), REMEDY)));
    Path path = new Path(directory, file.name());
    try {
      return IndexFile.read(fileSystem, path);
    } catch (FileNotFoundException e) {
      throw new InvalidInputException(Storage.shown(path) + " is missing: " + REMEDY, e);
    }
  }

  private void addSamples(ShardFile file, IndexFile index, List<String> shown) throws IOException {
    Path path = new Path(directory, file.name());
    long position = 0;
    try (FSDataInputStream in = fileSystem.open(path)) {
      for (int document = 0; document < index.documents() && shown.size() < samples; document++) {
        long length = 0;
        for (long s = index.documentBound(document); s < index.documentBound(document + 1); s++) {
          length += index.size(Math.toIntExact(s));
        }
        int count = (int) Math.min(length, sampleTokens);
        String text = oneLine(tokenizer.decode(tokens(in, position, count, index)));
        shown.add(count < length ? text + "..." : text);
        position += length;
      }
    } catch (FileNotFoundException | EOFException e) {
      throw new InvalidInputException(
          Storage.shown(path) + " is missing or too short: " + REMEDY, e);
    }
  }

  private int[] tokens(FSDataInputStream in, long position, int count, IndexFile index)
      throws IOException {
    int width = index.dtype().byteWidth();
    byte[] bytes = new byte[count * width];
    in.readFully(position * width, bytes);
    ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    int[] tokens = new int[count];
    for (int i = 0; i < count; i++) {
      tokens[i] = index.dtype().tokenAt(buffer, i * width);
      require(
          tokens[i] >= 0 && tokens[i] < manifest.vocabSize(),
          "%s holds token %d, beyond the vocabulary of %d: %s",
          Storage.shown(directory),
          tokens[i],
          manifest.vocabSize(),
          REMEDY);
    }
    return tokens;
  }

  /**
   * Any text as one line of visible characters: escapes control characters and line ends, and the
   * backslash, as Java does.
   */
  private static String oneLine(String text) {
    StringBuilder line = new StringBuilder(text.length());
    text.codePoints().forEach(c -> append(c, line));
    return line.toString();
  }

  private static void append(int codePoint, StringBuilder line) {
    switch (codePoint) {
      case '\n' -> line.append("\\n");
      case '\r' -> line.append("\\r");
      case '\t' -> line.append("\\t");
      case '\\' -> line.append("\\\\");
      default -> {
        int type = Character.getType(codePoint);
        if (type == Character.CONTROL
            || type == Character.LINE_SEPARATOR
            || type == Character.PARAGRAPH_SEPARATOR) {
          line.append("\\u%04x".formatted(codePoint));
        } else {
          line.appendCodePoint(codePoint);
        }
      }
    }
  }
}
