package io.sparkformer.datasets;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.shard.ShardFile;
import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.StandardCopyOption;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.stream.Stream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/** A data set's files on a local disk, where they can be mapped: in place, or copied there. */
final class LocalFiles implements Closeable {

  private static final int BLOCK_BYTES = 1 << 16;
  private static final String REMEDY =
      "copy the data set again, or make it again with the tokenize job";

  private final FileSystem fileSystem;
  private final Path directory;
  private final java.nio.file.Path localDirectory;

  private LocalFiles(FileSystem fileSystem, Path directory, java.nio.file.Path localDirectory) {
    this.fileSystem = fileSystem;
    this.directory = directory;
    this.localDirectory = localDirectory;
  }

  static LocalFiles of(FileSystem fileSystem, Path directory) throws IOException {
    java.nio.file.Path local =
        fileSystem instanceof RawLocalFileSystem raw
            ? raw.pathToFile(directory).toPath()
            : Files.createTempDirectory("sparkformer-data-");
    return new LocalFiles(fileSystem, directory, local);
  }

  /** The local path of a file, after its size and checksum were found to be as recorded. */
  java.nio.file.Path verified(ShardFile file) throws IOException {
    Path original = new Path(directory, file.name());
    java.nio.file.Path local = localDirectory.resolve(file.name());
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
    if (isCopied()) {
      try (InputStream in = fileSystem.open(original)) {
        Files.copy(in, local, StandardCopyOption.REPLACE_EXISTING);
      }
    }
    String found = sha256(local);
    require(
        found.equals(file.sha256()),
        "%s was altered: its sha256 is %s where %s is recorded: %s",
        original,
        found,
        file.sha256(),
        REMEDY);
    return local;
  }

  @Override
  public void close() throws IOException {
    if (isCopied() && Files.exists(localDirectory)) {
      try (Stream<java.nio.file.Path> copies = Files.list(localDirectory)) {
        for (java.nio.file.Path copy : copies.toList()) {
          Files.delete(copy);
        }
      }
      Files.delete(localDirectory);
    }
  }

  private boolean isCopied() {
    return !(fileSystem instanceof RawLocalFileSystem);
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
