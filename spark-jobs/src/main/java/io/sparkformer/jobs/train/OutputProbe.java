package io.sparkformer.jobs.train;

import io.sparkformer.datasets.Placement;
import io.sparkformer.datasets.Storage;
import java.io.IOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A hidden file where an output is to be, by which the driver and the executors find out whether
 * they see the same directory and may write there. Gone, with those of the ranks, when closed.
 */
final class OutputProbe implements AutoCloseable {

  static final String CHECK = "output";

  private static final String PREFIX = ".sparkformer-probe-";
  private static final Duration STALE = Duration.ofDays(1);

  private static final String SHARED =
      "give a path that all machines share (hdfs://..., s3a://..., a network mount)";

  private final FileSystem fileSystem;
  private final Path file;
  private final int ranks;

  private OutputProbe(FileSystem fileSystem, Path file, int ranks) {
    this.fileSystem = fileSystem;
    this.file = file;
    this.ranks = ranks;
  }

  /**
   * Writes it into the output, or the nearest directory above that is there.
   *
   * @param output qualified
   */
  static OutputProbe write(Configuration hadoop, Path output, int ranks) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(output, hadoop);
    Path directory = output;
    while (!fileSystem.exists(directory) && directory.getParent() != null) {
      directory = directory.getParent();
    }
    if (!fileSystem.getFileStatus(directory).isDirectory()) {
      throw new IOException(Storage.shown(directory) + " is a file");
    }
    deleteStale(fileSystem, directory);
    Path file = new Path(directory, PREFIX + UUID.randomUUID());
    OutputProbe probe = new OutputProbe(fileSystem, file, ranks);
    touch(fileSystem, file);
    return probe;
  }

  /** What killed checks left: none takes as long. */
  private static void deleteStale(FileSystem fileSystem, Path directory) throws IOException {
    long before = System.currentTimeMillis() - STALE.toMillis();
    for (FileStatus file : fileSystem.listStatus(directory)) {
      if (file.getPath().getName().startsWith(PREFIX) && file.getModificationTime() < before) {
        fileSystem.delete(file.getPath(), false);
      }
    }
  }

  Path file() {
    return file;
  }

  /** Whether a rank sees the driver's file and writes one beside it, which the driver looks for. */
  static PreflightCheck answer(Configuration hadoop, Path file, int rank) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(file, hadoop);
    if (!fileSystem.exists(file)) {
      return PreflightCheck.failed(
          CHECK, "%s is not the driver's".formatted(Storage.shown(file.getParent())), SHARED);
    }
    touch(fileSystem, answer(file, rank));
    return PreflightCheck.ok(
        CHECK,
        "%s can be written; %s".formatted(Storage.shown(file.getParent()), guarantee(fileSystem)));
  }

  /** What others see of a directory that gets its name. */
  static String guarantee(FileSystem fileSystem) {
    return Placement.renamesAtOnce(fileSystem)
        ? "a directory there is renamed in one act, so nobody sees a part of it"
        : ("a directory of %s is renamed by copying its files, so a model there is whole when it has its"
                + " config.json, a checkpoint its DONE and a data set its dataset.json, which are written last")
            .formatted(fileSystem.getUri().getScheme());
  }

  /** Whether the driver sees what that rank wrote. */
  boolean isAnswered(int rank) throws IOException {
    return fileSystem.exists(answer(file, rank));
  }

  PreflightCheck unanswered() {
    return PreflightCheck.failed(
        CHECK,
        "what it wrote into %s cannot be seen by the driver"
            .formatted(Storage.shown(file.getParent())),
        SHARED);
  }

  @Override
  public void close() throws IOException {
    for (int rank = 0; rank < ranks; rank++) {
      fileSystem.delete(answer(file, rank), false);
    }
    fileSystem.delete(file, false);
  }

  private static Path answer(Path file, int rank) {
    return file.suffix("-" + rank);
  }

  private static void touch(FileSystem fileSystem, Path file) throws IOException {
    try (OutputStream out = fileSystem.create(file, false)) {
      out.write('\n');
    }
  }
}
