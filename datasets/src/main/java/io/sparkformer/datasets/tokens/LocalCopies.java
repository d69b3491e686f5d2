package io.sparkformer.datasets.tokens;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.TemporaryFolder;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.fs.FileSystem;

/**
 * A remote data set's files on a local disk: copied once, for all readers of the JVM, and deleted
 * when it exits. Safe for many threads.
 */
final class LocalCopies {

  private static final Map<Origin, LocalCopies> ALL = new ConcurrentHashMap<>();
  private static final int BLOCK_BYTES = 1 << 16;

  private final Path folder;
  private final Set<String> whole = new HashSet<>();

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
      return TemporaryFolder.create("sparkformer-data-");
    } catch (IOException e) {
      throw noRoom(directory, Path.of(System.getProperty("java.io.tmpdir")), e);
    }
  }

  /**
   * The copy of a file, made if need be.
   *
   * @return where it is
   * @throws InvalidInputException if its checksum is another, or the local disk is full
   */
  synchronized Path of(FileSystem fileSystem, org.apache.hadoop.fs.Path original, ShardFile file)
      throws IOException {
    Path copy = folder.resolve(file.name());
    if (!whole.contains(file.name())) {
      try {
        LocalFiles.requireSize(fileSystem, original, file);
        LocalFiles.requireSum(original, copied(fileSystem, original, copy), file);
      } catch (IOException | RuntimeException e) {
        Files.deleteIfExists(copy);
        throw e;
      }
      whole.add(file.name());
    }
    return copy;
  }

  /** Copies, and sums on the way. */
  private static String copied(FileSystem fileSystem, org.apache.hadoop.fs.Path original, Path copy)
      throws IOException {
    MessageDigest digest = Sha256.digest();
    byte[] block = new byte[BLOCK_BYTES];
    try (InputStream in = fileSystem.open(original);
        OutputStream out = create(original, copy)) {
      for (int count = in.read(block); count >= 0; count = in.read(block)) {
        digest.update(block, 0, count);
        try {
          out.write(block, 0, count);
        } catch (IOException e) {
          throw noRoom(original, copy.getParent(), e);
        }
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }

  private static OutputStream create(org.apache.hadoop.fs.Path original, Path copy) {
    try {
      return Files.newOutputStream(copy);
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
