package io.sparkformer.jobs;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.Queue;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.function.Predicate;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The local disk under the scheme {@code watched}: it tells which files are written and becomes
 * full where a test wants it to. For one test at a time.
 */
public final class WatchedFileSystem extends RawLocalFileSystem {

  private static final String FULL = "No space left on device";
  private static final Queue<Path> CREATED = new ConcurrentLinkedQueue<>();
  private static volatile Predicate<Path> full = path -> false;

  /** Forgets what was written, and has room for all but some files. */
  public static void restart(Predicate<Path> noRoomFor) {
    CREATED.clear();
    full = noRoomFor;
  }

  /** How many files were written whose path has a part that matches. */
  public static long created(String regex) {
    return CREATED.stream().filter(path -> path.toString().matches(".*" + regex + ".*")).count();
  }

  @Override
  public URI getUri() {
    return URI.create("watched:///");
  }

  @Override
  public String getScheme() {
    return "watched";
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
    boolean room = hasRoom(file);
    FSDataOutputStream out =
        super.create(file, overwrite, bufferSize, replication, blockSize, progress);
    return room ? out : new FSDataOutputStream(new FullStream(out), null);
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
    boolean room = hasRoom(file);
    FSDataOutputStream out =
        super.create(file, permission, overwrite, bufferSize, replication, blockSize, progress);
    return room ? out : new FSDataOutputStream(new FullStream(out), null);
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    if (!hasRoom(to)) {
      throw new IOException(FULL);
    }
    return super.rename(from, to);
  }

  private static boolean hasRoom(Path file) {
    CREATED.add(file);
    return !full.test(file);
  }

  /** A file that was made, but cannot be written. */
  private static final class FullStream extends FilterOutputStream {

    FullStream(OutputStream out) {
      super(out);
    }

    @Override
    public void write(int b) throws IOException {
      throw new IOException(FULL);
    }
  }
}
