package io.sparkformer.collective;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileChannel.MapMode;
import java.nio.file.DirectoryIteratorException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.OpenOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A file in the host's memory file system, which the ranks of one host map. It loses its name as
 * soon as all have it, so that the memory goes with the last of them, however they end.
 */
final class SharedMemory {

  private static final Logger LOG = LoggerFactory.getLogger(SharedMemory.class);
  private static final Path DIRECTORY = Path.of("/dev/shm");
  private static final Path PROCESS = Path.of("/proc/self");
  private static final String UID = "unix:uid";
  private static final Path BOOT = Path.of("/proc/sys/kernel/random/boot_id");
  private static final String PREFIX = "sparkformer-";
  private static final Duration STALE = Duration.ofMinutes(30);
  private static final int BLOCK_BYTES = 1 << 20;

  private SharedMemory() {}

  /** Names the memory file system of this process: containers may each have their own. */
  static String identity() {
    try {
      return Files.readString(BOOT).strip() + "/" + Files.getAttribute(DIRECTORY, "unix:dev");
    } catch (IOException | UnsupportedOperationException e) {
      LOG.info("no shared memory here ({}): ranks exchange over TCP", e.toString());
      return "";
    }
  }

  /** What is free there; 0 if it cannot be written. */
  static long freeBytes() {
    try {
      return Files.isWritable(DIRECTORY) ? Files.getFileStore(DIRECTORY).getUsableSpace() : 0;
    } catch (IOException e) {
      return 0;
    }
  }

  /**
   * Makes a file of zeros that only this user can read.
   *
   * <p>The zeros are written: memory that was not reserved would end the process when it is used.
   */
  static Path create(long bytes) throws IOException {
    deleteStale();
    Path file =
        Files.createTempFile(
            DIRECTORY,
            PREFIX,
            "",
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
      ByteBuffer zeros = ByteBuffer.allocateDirect(BLOCK_BYTES);
      for (long left = bytes; left > 0; ) {
        left -= channel.write(zeros.clear().limit((int) Math.min(left, BLOCK_BYTES)));
      }
    } catch (IOException e) {
      Files.delete(file);
      throw e;
    }
    return file;
  }

  /**
   * Of this user's processes that were killed in the moment in which their file had a name. What
   * others have there, whatever its name, is neither followed nor opened nor deleted.
   */
  private static void deleteStale() {
    try (DirectoryStream<Path> files = Files.newDirectoryStream(DIRECTORY, PREFIX + "*")) {
      files.forEach(SharedMemory::deleteIfStale);
    } catch (IOException | DirectoryIteratorException e) {
      LOG.debug("what is left in {} stays there", DIRECTORY, e);
    }
  }

  private static void deleteIfStale(Path file) {
    try {
      if (isOwnFile(file) && isStale(file)) {
        Files.deleteIfExists(file);
      }
    } catch (IOException e) {
      LOG.debug("{} stays", file, e);
    }
  }

  private static boolean isStale(Path file) throws IOException {
    return Files.getLastModifiedTime(file, LinkOption.NOFOLLOW_LINKS)
        .toInstant()
        .isBefore(Instant.now().minus(STALE));
  }

  /** Whether it is a file, and no link to one, of this process's user. */
  private static boolean isOwnFile(Path file) throws IOException {
    return Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)
        && Files.getAttribute(file, UID, LinkOption.NOFOLLOW_LINKS)
            .equals(Files.getAttribute(PROCESS, UID));
  }

  /** A part of a file, in this machine's byte order. */
  static ByteBuffer map(Path file, long offset, long bytes) {
    try {
      if (!isOwnFile(file)) {
        throw new IOException("it is no file of this user");
      }
      Set<OpenOption> options =
          Set.of(StandardOpenOption.READ, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
      try (FileChannel channel = FileChannel.open(file, options)) {
        return channel.map(MapMode.READ_WRITE, offset, bytes).order(ByteOrder.nativeOrder());
      }
    } catch (IOException e) {
      throw new UncheckedIOException("cannot map " + file, e);
    }
  }
}
