package io.sparkformer.datasets;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The local disk under the scheme {@code watched}: it tells which files are written, and hangs or
 * is full where a test wants it to. Jobs make instances of their own, so all of them are one: for
 * one test at a time.
 */
public final class WatchedFileSystem extends RawLocalFileSystem {

  private static final String SCHEME = "watched";
  private static final String FULL = "No space left on device";

  private static final Queue<String> CREATED = new ConcurrentLinkedQueue<>();
  private static final AtomicLong BYTES_LEFT = new AtomicLong();
  private static volatile Predicate<String> full = path -> false;
  private static volatile Predicate<String> hanging = path -> false;
  private static volatile CountDownLatch gate = new CountDownLatch(0);

  /** Forgets what was written, and does all that it is asked. */
  public static void restart() {
    goOn();
    hanging = path -> false;
    full = path -> false;
    CREATED.clear();
  }

  public static Configuration configuration() {
    Configuration configuration = new Configuration();
    configuration.set("fs." + SCHEME + ".impl", WatchedFileSystem.class.getName());
    return configuration;
  }

  /** New files of these paths hang until {@link #goOn}. */
  public static void hang(Predicate<String> paths) {
    gate = new CountDownLatch(1);
    hanging = paths;
  }

  public static void goOn() {
    gate.countDown();
  }

  /**
   * Files of these paths take only so many bytes more, all together.
   *
   * @param paths asked when a file is made or gets its name
   */
  public static void full(Predicate<String> paths, long bytes) {
    BYTES_LEFT.set(bytes);
    full = paths;
  }

  /** How many files were written whose path has a part that matches. */
  public static long created(String regex) {
    return CREATED.stream().filter(path -> path.matches(".*" + regex + ".*")).count();
  }

  @Override
  public URI getUri() {
    return URI.create(SCHEME + ":///");
  }

  @Override
  public String getScheme() {
    return SCHEME;
  }

  @Override
  public FSDataOutputStream create(
      Path file,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    awaitGate(file);
    boolean limited = isLimited(file);
    FSDataOutputStream out =
        super.create(file, overwrite, bufferSize, replication, blockSize, progress);
    return limited ? new FSDataOutputStream(new Limited(out), null) : out;
  }

  @Override
  public FSDataOutputStream create(
      Path file,
      FsPermission permission,
      boolean overwrite,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress)
      throws IOException {
    awaitGate(file);
    boolean limited = isLimited(file);
    FSDataOutputStream out =
        super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress);
    return limited ? new FSDataOutputStream(new Limited(out), null) : out;
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    if (isLimited(to) && BYTES_LEFT.get() == 0) {
      throw new IOException(FULL);
    }
    return super.rename(from, to);
  }

  private static void awaitGate(Path file) throws InterruptedIOException {
    CountDownLatch closed = gate;
    try {
      if (hanging.test(file.toUri().getPath())) {
        closed.await();
      }
    } catch (InterruptedException e) {
      throw (InterruptedIOException) new InterruptedIOException().initCause(e);
    }
  }

  private static boolean isLimited(Path file) {
    String path = file.toUri().getPath();
    CREATED.add(path);
    return full.test(path);
  }

  private static final class Limited extends FilterOutputStream {

    Limited(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      int fitting = (int) Math.min(count, BYTES_LEFT.get());
      out.write(bytes, offset, fitting);
      BYTES_LEFT.addAndGet(-fitting);
      if (fitting < count) {
        throw new IOException(FULL);
      }
    }
  }
}
