package io.sparkformer.datasets.tokens;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.TemporaryFolder;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;

/**
 * A remote data set's files on a local disk: what is read of them is copied once, for all readers
 * of the JVM, and deleted when it exits. Safe for many threads.
 */
final class LocalCopies {

  private static final Map<Origin, LocalCopies> ALL = new ConcurrentHashMap<>();

  private final Path folder;
  private final Map<String, FirstReads> reads = new HashMap<>();

  /** A data set that is made again in its place is another. */
  private record Origin(org.apache.hadoop.fs.Path directory, DatasetManifest manifest) {}

  LocalCopies(Path folder) {
    this.folder = folder;
  }

  /**
   * The copies of a data set.
   *
   * @param directory qualified
   * @throws InvalidInputException if there is no place for them
   */
  static LocalCopies of(org.apache.hadoop.fs.Path directory, DatasetManifest manifest) {
    return ALL.computeIfAbsent(
        new Origin(directory, manifest), origin -> new LocalCopies(temporaryFolder(directory)));
  }

  private static Path temporaryFolder(org.apache.hadoop.fs.Path directory) {
    try {
      return TemporaryFolder.create("data-");
    } catch (IOException e) {
      throw noRoom(directory, Path.of(System.getProperty("java.io.tmpdir")), e);
    }
  }

  /**
   * A file of which the parts that are read are copied then.
   *
   * @param directory that the original is in
   * @throws InvalidInputException if the local disk is full
   */
  synchronized BlockFile open(
      FileSystem fileSystem, org.apache.hadoop.fs.Path directory, ShardFile file)
      throws IOException {
    org.apache.hadoop.fs.Path original = new org.apache.hadoop.fs.Path(directory, file.name());
    Path copy = folder.resolve(file.name());
    if (!reads.containsKey(file.name())) {
      createEmpty(original, copy, file.bytes());
      reads.put(file.name(), new FirstReads(file.bytes()));
    }
    return BlockFile.open(
        copy,
        Storage.shown(original),
        file,
        reads.get(file.name()),
        (from, bytes) -> copy(fileSystem, original, copy, from, bytes));
  }

  /** Makes a file that has its whole size, and takes no room before it is filled. */
  private static void createEmpty(org.apache.hadoop.fs.Path original, Path copy, long bytes)
      throws IOException {
    try (FileChannel channel =
        FileChannel.open(copy, StandardOpenOption.CREATE, StandardOpenOption.WRITE)) {
      if (bytes > 0) {
        channel.write(ByteBuffer.allocate(1), bytes - 1);
      }
    } catch (IOException e) {
      Files.deleteIfExists(copy);
      throw noRoom(original, copy.getParent(), e);
    }
  }

  private static void copy(
      FileSystem fileSystem, org.apache.hadoop.fs.Path original, Path copy, long from, int bytes)
      throws IOException {
    byte[] part = new byte[bytes];
    try (FSDataInputStream in = fileSystem.open(original)) {
      in.readFully(from, part);
    }
    try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
      ByteBuffer buffer = ByteBuffer.wrap(part);
      while (buffer.hasRemaining()) {
        channel.write(buffer, from + buffer.position());
      }
    } catch (IOException e) {
      throw noRoom(original, copy.getParent(), e);
    }
  }

  private static InvalidInputException noRoom(
      org.apache.hadoop.fs.Path original, Path folder, IOException e) {
    return new InvalidInputException(
        String.format(
            "%s cannot be copied to %s (%s): make room there, or choose another directory with"
                + " -Djava.io.tmpdir=DIRECTORY in spark.executor.extraJavaOptions (a local master: spark.driver.extraJavaOptions)",
            Storage.shown(original), folder, e.getMessage()),
        e);
  }
}
