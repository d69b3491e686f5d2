package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
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
    int vocabSize)
    implements Function<Shard, List<BadFile>> {

  /** A multiple of all tokens' widths. */
  private static final int BLOCK_BYTES = 1 << 16;

  /** The same for the shards of labels. */
  VerifyTask ofLabels(int labels) {
    return new VerifyTask(configuration, directory, TokenDtype.forVocabSize(labels), labels);
  }

  @Override
  public List<BadFile> call(Shard shard) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(new Path(directory), configuration.value().value());
    List<BadFile> bad = new ArrayList<>();
    for (ShardFile file : shard.files()) {
      problem(fileSystem, file).ifPresent(reason -> bad.add(new BadFile(file.name(), reason)));
      TaskContext.get().taskMetrics().inputMetrics().incBytesRead(file.bytes());
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
    MessageDigest digest = Sha256.digest();
    byte[] block = new byte[BLOCK_BYTES];
    ByteBuffer tokens = ByteBuffer.wrap(block).order(ByteOrder.LITTLE_ENDIAN);
    long read = 0;
    Optional<String> beyond = Optional.empty();
    try (InputStream in = fileSystem.open(path)) {
      for (int count = in.readNBytes(block, 0, BLOCK_BYTES);
          count > 0;
          count = in.readNBytes(block, 0, BLOCK_BYTES)) {
        digest.update(block, 0, count);
        if (beyond.isEmpty()) {
          beyond = beyondVocabulary(tokens, count, read / dtype.byteWidth());
        }
        read += count;
      }
    }
    Optional<String> altered = altered(digest, file);
    if (altered.isPresent()) {
      return altered;
    }
    if (read != file.tokens() * dtype.byteWidth()) {
      return Optional.of(
          "has %d bytes where %d tokens of %s are recorded"
              .formatted(read, file.tokens(), dtype.label()));
    }
    return beyond;
  }

  private Optional<String> beyondVocabulary(ByteBuffer tokens, int bytes, long first) {
    for (int at = 0; at + dtype.byteWidth() <= bytes; at += dtype.byteWidth()) {
      int id = dtype.tokenAt(tokens, at);
      if (id < 0 || id >= vocabSize) {
        return Optional.of(
            "its token %d at position %d is beyond the vocabulary of %d"
                .formatted(id, first + at / dtype.byteWidth(), vocabSize));
      }
    }
    return Optional.empty();
  }

  private Optional<String> indexProblem(FileSystem fileSystem, Path path, ShardFile file)
      throws IOException {
    MessageDigest digest = Sha256.digest();
    byte[] block = new byte[BLOCK_BYTES];
    try (InputStream in = fileSystem.open(path)) {
      for (int count = in.read(block); count >= 0; count = in.read(block)) {
        digest.update(block, 0, count);
      }
    }
    Optional<String> altered = altered(digest, file);
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

  private static Optional<String> altered(MessageDigest digest, ShardFile file) {
    String found = HexFormat.of().formatHex(digest.digest());
    return found.equals(file.sha256())
        ? Optional.empty()
        : Optional.of(
            "was altered: its sha256 is %s where %s is recorded".formatted(found, file.sha256()));
  }
}
