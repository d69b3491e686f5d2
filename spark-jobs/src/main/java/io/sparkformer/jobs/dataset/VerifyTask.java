package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.BlockSums;
import io.sparkformer.datasets.tokens.IndexFile;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.jobs.dataset.DatasetVerifyResult.BadFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/** Checks one shard, on an executor; gives the first reason against each of its files. */
record VerifyTask(
    Broadcast<SerializableConfiguration> configuration,
    String directory,
    TokenDtype dtype,
    int vocabSize,
    Ids ids)
    implements Function<Shard, List<BadFile>> {

  /** A multiple of all tokens' widths. */
  private static final int BLOCK_BYTES = 1 << 16;

  /** An id that stands for nothing. */
  private record Beyond(int id, long position) {}

  /** What the numbers of a shard stand for. */
  enum Ids {
    TOKENS,
    LABELS
  }

  /** The same for the shards of labels. */
  VerifyTask ofLabels(int labels) {
    return new VerifyTask(
        configuration, directory, TokenDtype.forVocabSize(labels), labels, Ids.LABELS);
  }

  @Override
  public List<BadFile> call(Shard shard) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(new Path(directory), configuration.value().value());
    List<BadFile> bad = new ArrayList<>();
    for (ShardFile file : shard.files()) {
      problem(fileSystem, file).ifPresent(reason -> bad.add(new BadFile(file.name(), reason)));
      TaskContext.get().taskMetrics().inputMetrics().incRecordsRead(1);
    }
    if (shard.tokens().isEmpty() || shard.index().isEmpty()) {
      bad.add(
          new BadFile(shard.files().get(0).name(), "its .bin or .idx file is not in dataset.json"));
    }
    return bad;
  }

  private Optional<String> problem(FileSystem fileSystem, ShardFile file) throws IOException {
    Path path = new Path(directory, file.name());
    try {
      long bytes = fileSystem.getFileStatus(path).getLen();
      if (bytes != file.bytes()) {
        return Optional.of("has %d bytes where %d are recorded".formatted(bytes, file.bytes()));
      }
      return file.name().endsWith(ShardFile.TOKENS_ENDING)
          ? tokensProblem(fileSystem, path, file)
          : indexProblem(fileSystem, path, file);
    } catch (FileNotFoundException e) {
      return Optional.of("is missing");
    }
  }

  private Optional<String> tokensProblem(FileSystem fileSystem, Path path, ShardFile file)
      throws IOException {
    long[] read = {0};
    List<Beyond> beyond = new ArrayList<>();
    Optional<String> altered =
        altered(
            fileSystem,
            path,
            file,
            (block, count) -> {
              if (beyond.isEmpty()) {
                ByteBuffer tokens = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
                beyondVocabulary(tokens, count, read[0] / dtype.byteWidth()).ifPresent(beyond::add);
              }
              read[0] += count;
            });
    if (altered.isPresent()) {
      return altered;
    }
    if (read[0] != file.tokens() * dtype.byteWidth()) {
      return Optional.of(
          "has %d bytes where %d tokens of %s are recorded"
              .formatted(read[0], file.tokens(), dtype.label()));
    }
    return beyond.isEmpty()
        ? Optional.empty()
        : Optional.of(beyondProblem(fileSystem, path, beyond.get(0)));
  }

  private String beyondProblem(FileSystem fileSystem, Path path, Beyond beyond) throws IOException {
    if (ids == Ids.TOKENS) {
      return "its token %d at position %d is beyond the vocabulary of %d"
          .formatted(beyond.id(), beyond.position(), vocabSize);
    }
    String stem = path.getName().replace(ShardFile.TOKENS_ENDING, "");
    IndexFile index =
        IndexFile.read(fileSystem, new Path(directory, stem + ShardFile.INDEX_ENDING));
    long left = beyond.position();
    int sequence = 0;
    while (sequence < index.sequences() - 1 && left >= index.size(sequence)) {
      left -= index.size(sequence++);
    }
    return "sequence %d has the label id %d, where there are %d labels"
        .formatted(sequence, beyond.id(), vocabSize);
  }

  private Optional<Beyond> beyondVocabulary(ByteBuffer tokens, int bytes, long first) {
    for (int at = 0; at + dtype.byteWidth() <= bytes; at += dtype.byteWidth()) {
      int id = dtype.tokenAt(tokens, at);
      if (id < 0 || id >= vocabSize) {
        return Optional.of(new Beyond(id, first + at / dtype.byteWidth()));
      }
    }
    return Optional.empty();
  }

  private Optional<String> indexProblem(FileSystem fileSystem, Path path, ShardFile file)
      throws IOException {
    Optional<String> altered = altered(fileSystem, path, file, (block, count) -> {});
    if (altered.isPresent()) {
      return altered;
    }
    try {
      IndexFile index = IndexFile.read(fileSystem, path);
      boolean asRecorded =
          index.dtype() == dtype
              && index.tokens() == file.tokens()
              && index.sequences() == file.sequences()
              && index.documents() == file.documents();
      return asRecorded
          ? Optional.empty()
          : Optional.of(
              "has %d tokens of %s, %d sequences, %d documents where %d of %s, %d, %d are recorded"
                  .formatted(
                      index.tokens(),
                      index.dtype().label(),
                      index.sequences(),
                      index.documents(),
                      file.tokens(),
                      dtype.label(),
                      file.sequences(),
                      file.documents()));
    } catch (InvalidInputException e) {
      return Optional.of(e.getMessage());
    }
  }

  /** Gets what was read, in order. */
  private interface Blocks {
    void block(byte[] bytes, int count);
  }

  /** Reads a whole file. */
  private static Optional<String> altered(
      FileSystem fileSystem, Path path, ShardFile file, Blocks blocks) throws IOException {
    MessageDigest digest = Sha256.digest();
    BlockSums sums = new BlockSums();
    byte[] block = new byte[BLOCK_BYTES];
    try (InputStream in = fileSystem.open(path)) {
      for (int count = in.readNBytes(block, 0, BLOCK_BYTES);
          count > 0;
          count = in.readNBytes(block, 0, BLOCK_BYTES)) {
        digest.update(block, 0, count);
        sums.update(block, 0, count);
        blocks.block(block, count);
        TaskContext.get().taskMetrics().inputMetrics().incBytesRead(count);
      }
    }
    String found = HexFormat.of().formatHex(digest.digest());
    String place = file.hasSums() ? file.alteredBlocks(sums.finish()) : "";
    if (!found.equals(file.sha256())) {
      return Optional.of(
          "was altered%s: its sha256 is %s where %s is recorded"
              .formatted(place, found, file.sha256()));
    }
    return place.isEmpty()
        ? Optional.empty()
        : Optional.of(
            "is as it was written, but the CRC-32C that dataset.json has of it is not%s"
                .formatted(place));
  }
}
