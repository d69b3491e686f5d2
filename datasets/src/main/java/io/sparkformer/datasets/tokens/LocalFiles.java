package io.sparkformer.datasets.tokens;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Sha256;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * A data set's files on a local disk, where they can be mapped: in place, or copied there.
 *
 * <p>What was verified or copied once is not again in the same JVM: a training attempt that is
 * started anew in it starts at once.
 */
final class LocalFiles {

  private static final Set<Verified> VERIFIED = ConcurrentHashMap.newKeySet();

  /** A change this soon after another may leave the modification time as it is. */
  private static final Duration CLOCK_TICK = Duration.ofSeconds(2);

  private static final int BLOCK_BYTES = 1 << 16;
  private static final String REMEDY =
      "copy the data set again, or make it again with the tokenize job";

  private final FileSystem fileSystem;
  private final Path directory;
  private final DatasetManifest manifest;

  private record Verified(java.nio.file.Path file, long bytes, FileTime modified, String sha256) {}

  LocalFiles(FileSystem fileSystem, Path directory, DatasetManifest manifest) {
    this.fileSystem = fileSystem;
    this.directory = fileSystem.makeQualified(directory);
    this.manifest = manifest;
  }

  /** The local path of a file, after its size and checksum were found to be as recorded. */
  java.nio.file.Path verified(ShardFile file) throws IOException {
    Path original = new Path(directory, file.name());
    if (!(fileSystem instanceof RawLocalFileSystem raw)) {
      return LocalCopies.of(directory, manifest).of(fileSystem, original, file);
    }
    requireSize(fileSystem, original, file);
    java.nio.file.Path local = raw.pathToFile(original).toPath();
    FileTime modified = Files.getLastModifiedTime(local);
    Verified state = new Verified(local, file.bytes(), modified, file.sha256());
    if (!VERIFIED.contains(state)) {
      requireSum(original, sha256(local), file);
      if (modified.toInstant().isBefore(Instant.now().minus(CLOCK_TICK))) {
        VERIFIED.add(state);
      }
    }
    return local;
  }

  static void requireSize(FileSystem fileSystem, Path original, ShardFile file) throws IOException {
    try {
      long bytes = fileSystem.getFileStatus(original).getLen();
      require(
          bytes == file.bytes(),
          "%s has %d bytes where %d are recorded: %s",
          original,
          bytes,
          file.bytes(),
          REMEDY);
    } catch (FileNotFoundException e) {
      throw new InvalidInputException(original + " is missing: " + REMEDY, e);
    }
  }

  static void requireSum(Path original, String found, ShardFile file) {
    require(
        found.equals(file.sha256()),
        "%s was altered: its sha256 is %s where %s is recorded: %s",
        original,
        found,
        file.sha256(),
        REMEDY);
  }

  private static String sha256(java.nio.file.Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      MessageDigest digest = Sha256.digest();
      byte[] block = new byte[BLOCK_BYTES];
      for (int count = in.read(block); count >= 0; count = in.read(block)) {
        digest.update(block, 0, count);
      }
      return HexFormat.of().formatHex(digest.digest());
    }
  }
}
