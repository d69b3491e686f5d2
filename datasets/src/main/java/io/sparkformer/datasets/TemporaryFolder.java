package io.sparkformer.datasets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Folders of the temporary directory that go with the JVM; with the next one, if this is killed.
 *
 * <p>All lie in one folder of the process, which no other user may enter. The process holds a lock
 * in it for as long as it lives: one that nobody holds is of a process that is no more. Unlike a
 * process number the lock tells that to other containers, too.
 */
public final class TemporaryFolder {

  private static final Logger LOG = LoggerFactory.getLogger(TemporaryFolder.class);

  /** Where the JVM's folder is: another class loader may have made it. */
  private static final String PROPERTY = "io.sparkformer.temporary-folder";

  private static final String PREFIX = "sparkformer-";
  private static final String LOCK = ".lock";

  /** Open, and so locked, until the process ends. */
  private static final List<FileChannel> HELD = new ArrayList<>();

  private TemporaryFolder() {}

  /**
   * A new folder, which is deleted with all it holds when the JVM exits.
   *
   * @param prefix of its name, within the folder of the process
   */
  public static Path create(String prefix) throws IOException {
    return Files.createTempDirectory(ofThisProcess(), prefix);
  }

  private static synchronized Path ofThisProcess() throws IOException {
    Optional<Path> known = Optional.ofNullable(System.getProperty(PROPERTY)).map(Path::of);
    if (known.filter(Files::isDirectory).isPresent()) {
      return known.get();
    }
    Path folder = locked();
    System.setProperty(PROPERTY, folder.toString());
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> delete(folder), "delete " + folder.getFileName()));
    try {
      deleteLeftBehind(folder);
    } catch (IOException | UncheckedIOException e) {
      LOG.info("folders of ended processes stay in {}: {}", folder.getParent(), e.toString());
    }
    return folder;
  }

  private static Path locked() throws IOException {
    while (true) {
      Path folder = Files.createTempDirectory(PREFIX);
      Path lock = folder.resolve(LOCK);
      // Until it is locked another process may take it for left behind.
      try {
        FileChannel channel = lockFile(lock);
        if (tryLock(channel).isPresent() && Files.exists(lock)) {
          HELD.add(channel);
          return folder;
        }
        channel.close();
      } catch (NoSuchFileException e) {
        LOG.debug("{} was deleted by another process", folder);
      } catch (IOException e) {
        // Without locks here, nobody else gets one either.
        LOG.info("{} will not be deleted if this process is killed: {}", folder, e.toString());
        return folder;
      }
    }
  }

  /** Deletes this user's folders beside one's own whose process holds them no more. */
  private static void deleteLeftBehind(Path own) throws IOException {
    try (DirectoryStream<Path> folders = Files.newDirectoryStream(own.getParent(), PREFIX + "*")) {
      for (Path folder : folders) {
        // A lock of one's own would be lost with the second channel's end.
        if (!folder.equals(own) && isOfOwnerOf(own, folder)) {
          deleteIfFree(folder);
        }
      }
    }
  }

  private static boolean isOfOwnerOf(Path own, Path folder) throws IOException {
    try {
      return Files.isDirectory(folder, LinkOption.NOFOLLOW_LINKS)
          && Files.getOwner(folder, LinkOption.NOFOLLOW_LINKS).equals(Files.getOwner(own));
    } catch (NoSuchFileException e) {
      return false; // its process has just ended
    }
  }

  private static void deleteIfFree(Path folder) {
    try (FileChannel channel = lockFile(folder.resolve(LOCK))) {
      if (tryLock(channel).isPresent()) {
        LOG.debug("{} is of a process that was killed: it is deleted", folder);
        delete(folder);
      }
    } catch (IOException e) {
      LOG.debug("{} stays: {}", folder, e.toString());
    }
  }

  private static FileChannel lockFile(Path lock) throws IOException {
    return FileChannel.open(
        lock, StandardOpenOption.CREATE, StandardOpenOption.WRITE, LinkOption.NOFOLLOW_LINKS);
  }

  private static Optional<FileLock> tryLock(FileChannel channel) throws IOException {
    return Optional.ofNullable(channel.tryLock());
  }

  /** Deletes a folder with all it holds, if it is there. */
  public static void delete(Path folder) {
    if (Files.notExists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      // Whoever cleans the temporary directory will find it.
    }
  }
}
