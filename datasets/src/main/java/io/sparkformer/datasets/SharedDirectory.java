package io.sparkformer.datasets;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A directory that processes use at once, each until it closes this or ends. What killed ones left
 * there is deleted by one that finds itself alone.
 */
public final class SharedDirectory implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(SharedDirectory.class);

  private final FileChannel lock;

  private SharedDirectory(FileChannel lock) {
    this.lock = lock;
  }

  /** Deletes what nobody uses. */
  public interface Cleaning {
    void delete() throws IOException;
  }

  /**
   * Enters a directory; a process at most once at a time.
   *
   * @param cleaning is done if no other process is in it
   * @throws IOException if no file can be written there
   */
  public static SharedDirectory enter(Path directory, Cleaning cleaning) throws IOException {
    FileChannel lock =
        FileChannel.open(
            directory.resolve(".lock"),
            StandardOpenOption.CREATE,
            StandardOpenOption.READ,
            StandardOpenOption.WRITE);
    try {
      try (FileLock alone = lock.tryLock()) {
        if (alone != null) {
          cleaning.delete();
        }
      }
      lock.lock(0, Long.MAX_VALUE, true);
    } catch (IOException e) {
      // Of a file system without locks, on which nobody finds itself alone.
      LOG.info("what killed processes left in {} stays: {}", directory, e.toString());
    }
    return new SharedDirectory(lock);
  }

  @Override
  public void close() throws IOException {
    lock.close();
  }
}
