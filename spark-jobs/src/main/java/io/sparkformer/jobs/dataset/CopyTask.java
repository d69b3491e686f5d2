package io.sparkformer.jobs.dataset;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.ShardFile;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.VoidFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/** Copies one file of a data set, on an executor, and sees that it is what its manifest says. */
record CopyTask(Broadcast<SerializableConfiguration> configuration, String directory)
    implements VoidFunction<CopyTask.Copy> {

  private static final int BLOCK_BYTES = 1 << 16;
  private static final String REMEDY = "see what 'sparkformer dataset verify' says of its data set";

  /**
   * What to copy.
   *
   * @param file as it will be, with the content's recorded size and checksum
   */
  record Copy(String from, ShardFile file) implements Serializable {}

  @Override
  public void call(Copy copy) throws IOException {
    Configuration hadoop = configuration.value().value();
    Path from = new Path(copy.from());
    Path target = new Path(directory, copy.file().name());
    FileSystem fileSystem = Storage.fileSystem(target, hadoop);
    // Retried and speculative tasks may write at the same time: all write the same.
    Path hidden = new Path(directory, "." + copy.file().name() + "." + UUID.randomUUID());
    try {
      String found = copied(Storage.fileSystem(from, hadoop), from, fileSystem, hidden);
      require(
          found.equals(copy.file().sha256()),
          "%s was altered: its sha256 is %s where %s is recorded: %s",
          Storage.shown(from),
          found,
          copy.file().sha256(),
          REMEDY);
      if (!fileSystem.rename(hidden, target) && !fileSystem.exists(target)) {
        throw new IOException("cannot rename " + hidden + " to " + target);
      }
      TaskContext.get().taskMetrics().inputMetrics().incRecordsRead(1);
    } finally {
      fileSystem.delete(hidden, false);
    }
  }

  private static String copied(FileSystem source, Path from, FileSystem target, Path to)
      throws IOException {
    MessageDigest digest = Sha256.digest();
    byte[] block = new byte[BLOCK_BYTES];
    try (InputStream in = open(source, from);
        OutputStream out = target.create(to, false)) {
      for (int count = in.read(block); count >= 0; count = in.read(block)) {
        digest.update(block, 0, count);
        out.write(block, 0, count);
        TaskContext.get().taskMetrics().inputMetrics().incBytesRead(count);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static InputStream open(FileSystem source, Path from) throws IOException {
    try {
      return source.open(from);
    } catch (FileNotFoundException e) {
      if (source.exists(from)) {
        throw e; // it is there, but may not be read
      }
      throw new InvalidInputException(Storage.shown(from) + " is missing: " + REMEDY, e);
    }
  }
}
