package io.sparkformer.jobs.output;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import java.io.Closeable;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.Serializable;
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
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
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
 *
 * <p>It also names the attempt that may write, of a job that makes several: {@link #token}.
 */
public final class OutputLock implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(OutputLock.class);
  private static final int RENEW_SECONDS = 2;
  private static final int WATCH_SECONDS = 16;
  private static final int WAIT_MILLIS = 100;
  private static final int WAITS = 20;

  private final FileSystem fileSystem;
  private final Path file;
  private final String id = UUID.randomUUID().toString();
  private final ScheduledExecutorService renewer =
      Executors.newSingleThreadScheduledExecutor(OutputLock::daemon);
  private ScheduledFuture<?> renewal;
  private volatile Runnable whenLost = () -> {};
  private long renewals;
  private int attempt;

  private OutputLock(FileSystem fileSystem, Path file) {
    this.fileSystem = fileSystem;
    this.file = file;
  }

  /**
   * What the attempt of a job brings along that may write.
   *
   * @param file the lock's
   * @param word that it begins with as long as this attempt is the one
   */
  public record Token(String file, String word) implements Serializable {

    /**
     * Makes sure that it still is.
     *
     * @throws IOException if another attempt or job has the output now
     */
    public void require(Configuration configuration) throws IOException {
      Path path = new Path(file);
      Optional<String> content = settled(Storage.fileSystem(path, configuration), path);
      if (!mayBe(content, word + " ")) {
        throw new IOException(
            Storage.shown(path)
                + " is no longer this attempt's: another has taken the output over");
      }
    }
  }

  /**
   * Gets the lock of an output.
   *
   * @throws InvalidInputException if another job has it
   */
  public static OutputLock acquire(FileSystem fileSystem, Path output) throws IOException {
    Path file = OutputDirectory.beside(output, "lock");
    OutputLock lock = new OutputLock(fileSystem, file);
    try {
      while (!lock.create()) {
        Optional<String> holder = lock.holder(output);
        if (holder.isPresent()) {
          throw new InvalidInputException(
              String.format(
                  "--output %s is being written by another job (%s): wait until it ends, or choose another directory",
                  Storage.shown(output), holder.get()));
        }
      }
      lock.renewal =
          lock.renewer.scheduleAtFixedRate(
              lock::renew, RENEW_SECONDS, RENEW_SECONDS, TimeUnit.SECONDS);
      return lock;
    } catch (IOException | RuntimeException | FSError e) {
      lock.renewer.shutdownNow();
      throw e;
    }
  }

  /**
   * Makes sure that the lock was not lost to a job that took this one for dead.
   *
   * @throws IOException if it was
   */
  public synchronized void requireHeld() throws IOException {
    if (!isHeld()) {
      throw new IOException(
          Storage.shown(file)
              + " was taken over by another job while this one did not answer: run it again");
    }
  }

  /**
   * Gives the right to write to an attempt, and takes it from the one before.
   *
   * @param number of the attempt
   */
  public synchronized Token token(int number) throws IOException {
    requireHeld();
    attempt = number;
    write();
    return new Token(file.toString(), word());
  }

  private String word() {
    return id + "/" + attempt;
  }

  private String text() {
    return word() + " " + ProcessHandle.current().pid() + " " + host() + " " + renewals;
  }

  private void write() throws IOException {
    try (OutputStream out = fileSystem.create(file, true)) {
      out.write(text().getBytes(StandardCharsets.UTF_8));
    }
  }

  /** Sets what to do, once, when another job has taken the lock over. */
  public void whenLost(Runnable action) {
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

  /** Closes it after a failure, which gets what goes wrong then. */
  public void releaseAfter(Exception failure) {
    try {
      close();
    } catch (IOException e) {
      failure.addSuppressed(e);
    }
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
      out.write(text().getBytes(StandardCharsets.UTF_8));
    } catch (IOException | FSError e) { // the latter: a full local disk
      deleteOwn();
      throw e;
    }
    return isHeld();
  }

  /** Whether the lock is still this job's. */
  boolean isHeld() throws IOException {
    return mayBe(settled(fileSystem, file), id);
  }

  /** Whether a lock's text begins so; it is empty if there was no space to renew it. */
  private static boolean mayBe(Optional<String> content, String begin) {
    return content.filter(text -> text.isEmpty() || text.startsWith(begin)).isPresent();
  }

  private void deleteOwn() throws IOException {
    if (isHeld()) {
      fileSystem.delete(file, false);
    }
  }

  /** Watches another's lock, and says whose it is; deletes it if that is dead. */
  private Optional<String> holder(Path output) throws IOException {
    Optional<String> before = settled(fileSystem, file);
    if (before.isPresent() && !isGone(before.get())) {
      String holder = named(before.get());
      LOG.info("{}: looking whether another job writes it ({})", Storage.shown(output), holder);
      for (int second = 0; second < WATCH_SECONDS; second++) {
        sleep(1_000);
        Optional<String> now = content();
        if (now.isEmpty()) {
          return Optional.empty();
        }
        if (!now.equals(before)) {
          return Optional.of(holder);
        }
      }
    }
    // Another job may have taken it over meanwhile.
    if (content().equals(before)) {
      fileSystem.delete(file, false);
    }
    return Optional.empty();
  }

  private static boolean isGone(String content) {
    String[] words = content.split(" ", -1);
    return words.length == 4
        && words[2].equals(host())
        && !words[2].equals("localhost")
        && words[1].matches("[0-9]{1,18}")
        && ProcessHandle.of(Long.parseLong(words[1])).isEmpty();
  }

  private static String named(String content) {
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
      renewals++;
      write();
    } catch (IOException | RuntimeException | FSError e) { // the next renewal may succeed
      LOG.warn("{} could not be renewed: {}", Storage.shown(file), e.getMessage());
    }
  }

  private Optional<String> content() throws IOException {
    return read(fileSystem, file);
  }

  /** What it says when nobody writes it: for a moment then it may be missing or empty. */
  private static Optional<String> settled(FileSystem fileSystem, Path file) throws IOException {
    Optional<String> content = read(fileSystem, file);
    for (int i = 0; i < WAITS && content.orElse("").isEmpty(); i++) {
      sleep(WAIT_MILLIS);
      content = read(fileSystem, file);
    }
    return content;
  }

  private static Optional<String> read(FileSystem fileSystem, Path file) throws IOException {
    try (InputStream in = fileSystem.open(file)) {
      return Optional.of(new String(in.readAllBytes(), StandardCharsets.UTF_8));
    } catch (FileNotFoundException e) {
      return Optional.empty();
    }
  }

  private static void sleep(int millis) throws IOException {
    try {
      Thread.sleep(millis);
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
