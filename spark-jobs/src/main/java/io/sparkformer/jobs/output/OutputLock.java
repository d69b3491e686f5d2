package io.sparkformer.jobs.output;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import org.apache.hadoop.fs.FileAlreadyExistsException;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps two jobs from writing one output.
 *
 * <p>A file beside the output, renewed every few seconds. One that is not renewed any more is a
 * killed job's, and is taken over: at once if that job ran on this machine and its process is gone,
 * else after some time of watching.
 */
final class OutputLock implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(OutputLock.class);
  private static final int RENEW_SECONDS = 2;
  private static final int WATCH_SECONDS = 16;

  private final FileSystem fileSystem;
  private final Path file;
  private final String owner;
  private final ScheduledExecutorService renewer =
      Executors.newSingleThreadScheduledExecutor(OutputLock::daemon);
  private ScheduledFuture<?> renewal;
  private volatile Runnable whenLost = () -> {};
  private long renewals;

  private OutputLock(FileSystem fileSystem, Path file) {
    this.fileSystem = fileSystem;
    this.file = file;
    this.owner = UUID.randomUUID() + " " + ProcessHandle.current().pid() + " " + host();
  }

  /**
   * Gets the lock.
   *
   * @param output for messages
   * @throws InvalidInputException if another job has it
   */
  static OutputLock acquire(FileSystem fileSystem, Path file, Path output) throws IOException {
    OutputLock lock = new OutputLock(fileSystem, file);
    try {
      while (!lock.create()) {
        if (!lock.isAbandoned(output)) {
          throw new InvalidInputException(
              String.format(
                  "--output %s is being written by another job (%s): wait until it ends, or choose another directory",
                  Storage.shown(output), holder(lock.content().orElse(""))));
        }
      }
      lock.renewal =
          lock.renewer.scheduleAtFixedRate(
              lock::renew, RENEW_SECONDS, RENEW_SECONDS, TimeUnit.SECONDS);
      return lock;
    } catch (IOException | RuntimeException e) {
      lock.renewer.shutdownNow();
      throw e;
    }
  }

  /**
   * Makes sure that the lock was not lost to a job that took this one for dead.
   *
   * @throws IOException if it was
   */
  synchronized void requireHeld() throws IOException {
    if (!isHeld()) {
      throw new IOException(
          file + " was taken over by another job while this one did not answer: run it again");
    }
  }

  /** Sets what to do, once, when another job has taken the lock over. */
  void whenLost(Runnable action) {
    whenLost = action;
  }

  @Override
  public void close() throws IOException {
    renewal.cancel(false);
    renewer.shutdown();
    try {
      if (!renewer.awaitTermination(RENEW_SECONDS, TimeUnit.SECONDS)) {
        LOG.warn("{} is still being renewed", Storage.shown(file));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    deleteOwn();
  }

  private boolean create() throws IOException {
    OutputStream out;
    try {
      out = fileSystem.create(file, false);
    } catch (FileAlreadyExistsException e) {
      if (fileSystem.getFileStatus(file.getParent()).isDirectory()) {
        return false;
      }
      throw e; // what exists is the parent, and is a file
    } catch (IOException e) {
      if (fileSystem.exists(file)) {
        return false;
      }
      throw e;
    }
    try (out) {
      out.write((owner + " 0").getBytes(StandardCharsets.UTF_8));
    } catch (IOException e) {
      deleteOwn();
      throw e;
    }
    return isHeld();
  }

  /** Whether the lock is still this job's. */
  boolean isHeld() throws IOException {
    // It is empty if there was no space to renew it.
    return content().filter(text -> text.isEmpty() || text.startsWith(owner)).isPresent();
  }

  private void deleteOwn() throws IOException {
    if (isHeld()) {
      fileSystem.delete(file, false);
    }
  }

  /** Watches another's lock; deletes it if that is dead. */
  private boolean isAbandoned(Path output) throws IOException {
    Optional<String> before = content();
    if (before.isPresent() && !isGone(before.get())) {
      LOG.info(
          "{}: looking whether another job writes it ({})",
          Storage.shown(output),
          holder(before.get()));
      for (int second = 0; second < WATCH_SECONDS; second++) {
        sleepOneSecond();
        Optional<String> now = content();
        if (now.isPresent() && !now.equals(before)) {
          return false;
        }
        if (now.isEmpty()) {
          return true;
        }
      }
    }
    // Another job may have taken it over meanwhile.
    if (content().equals(before)) {
      fileSystem.delete(file, false);
    }
    return true;
  }

  private static boolean isGone(String content) {
    String[] words = content.split(" ", -1);
    return words.length == 4
        && words[2].equals(host())
        && !words[2].equals("localhost")
        && ProcessHandle.of(Long.parseLong(words[1])).isEmpty();
  }

  private static String holder(String content) {
    String[] words = content.split(" ", -1);
    return words.length == 4 ? "process " + words[1] + " on " + words[2] : "its lock is unreadable";
  }

  private synchronized void renew() {
    try {
      if (!isHeld()) {
        LOG.error("{} was taken over by another job: this one ends", Storage.shown(file));
        renewal.cancel(false);
        whenLost.run();
        return;
      }
      try (OutputStream out = fileSystem.create(file, true)) {
        out.write((owner + " " + ++renewals).getBytes(StandardCharsets.UTF_8));
      }
    } catch (IOException | RuntimeException e) { // the next renewal may succeed
      LOG.warn("{} could not be renewed: {}", Storage.shown(file), e.getMessage());
    }
  }

  private Optional<String> content() throws IOException {
    try (InputStream in = fileSystem.open(file)) {
      return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  private static void sleepOneSecond() throws IOException {
    try {
      Thread.sleep(1_000);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted", e);
    }
  }

  /** Its boot-independent name; containers that share it have process ids of their own. */
  private static String host() {
    try {
      return InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      return ManagementFactory.getRuntimeMXBean().getName().replaceFirst(".*@", "");
    }
  }

  private static Thread daemon(Runnable work) {
    Thread thread = new Thread(work, "output-lock");
    thread.setDaemon(true);
    return thread;
  }
}
