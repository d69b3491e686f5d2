package io.sparkformer.datasets;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.EnumSet;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Options;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * The local disk under the scheme {@code copying}, as an object store behaves: a file appears whole
 * when it is closed, and a directory is renamed by copying its files, one after the other, and
 * deleting them then. After so many changes as a test wants, none is made any more, as if the
 * process had been killed. All instances are one: for one test at a time.
 */
public final class CopyingFileSystem extends FilterFileSystem {

  private static final String SCHEME = "copying";
  private static final String PENDING = ".pending-object";
  private static final AtomicLong CHANGES_LEFT = new AtomicLong(Long.MAX_VALUE);

  public CopyingFileSystem() {
    super(new RawLocalFileSystem());
  }

  public static Configuration configuration() {
    Configuration configuration = new Configuration();
    configuration.set("fs." + SCHEME + ".impl", CopyingFileSystem.class.getName());
    return configuration;
  }

  /** The process is killed after so many changes from now on. */
  public static void killAfter(long changes) {
    CHANGES_LEFT.set(changes);
  }

  /** Another process begins, which nobody kills. */
  public static void restart() {
    CHANGES_LEFT.set(Long.MAX_VALUE);
  }

  /** Whether the process was killed. */
  public static boolean isKilled() {
    return CHANGES_LEFT.get() < 0;
  }

  private static void change() throws IOException {
    if (CHANGES_LEFT.decrementAndGet() < 0) {
      throw new IOException("the process was killed");
    }
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
  public void initialize(URI name, Configuration configuration) throws IOException {
    fs.initialize(URI.create("file:///"), configuration);
    setConf(configuration);
  }

  private static Path raw(Path path) {
    return new Path("file", "", path.toUri().getPath());
  }

  @Override
  public Path makeQualified(Path path) {
    Path absolute = path.isAbsolute() ? path : new Path(fs.getWorkingDirectory(), path);
    return new Path(SCHEME, "", absolute.toUri().getPath());
  }

  @Override
  protected void checkPath(Path path) {
    // any
  }

  @Override
  public org.apache.hadoop.fs.FSDataInputStream open(Path file, int bufferSize) throws IOException {
    return fs.open(raw(file), bufferSize);
  }

  @Override
  public FileStatus getFileStatus(Path path) throws IOException {
    FileStatus status = fs.getFileStatus(raw(path));
    status.setPath(makeQualified(path));
    return status;
  }

  @Override
  public FileStatus[] listStatus(Path path) throws IOException {
    FileStatus[] all = fs.listStatus(raw(path));
    for (FileStatus each : all) {
      each.setPath(makeQualified(each.getPath()));
    }
    return java.util.Arrays.stream(all)
        .filter(each -> !each.getPath().getName().endsWith(PENDING))
        .toArray(FileStatus[]::new);
  }

  @Override
  public boolean mkdirs(Path path, FsPermission permission) throws IOException {
    if (!fs.exists(raw(path))) {
      change();
    }
    return fs.mkdirs(raw(path));
  }

  @Override
  public boolean mkdirs(Path path) throws IOException {
    return mkdirs(path, FsPermission.getDirDefault());
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
    if (!overwrite && fs.exists(raw(file))) {
      throw new org.apache.hadoop.fs.FileAlreadyExistsException(file.toString());
    }
    if (CHANGES_LEFT.get() <= 0) {
      change(); // one more makes its directory
    }
    Path pending = raw(file).suffix(PENDING);
    fs.mkdirs(pending.getParent());
    OutputStream out =
        java.nio.file.Files.newOutputStream(java.nio.file.Path.of(pending.toUri().getPath()));
    return new FSDataOutputStream(new Pending(out, pending, raw(file)), null);
  }

  @Override
  public FSDataOutputStream create(
      Path file,
      FsPermission permission,
      EnumSet<CreateFlag> flags,
      int bufferSize,
      short replication,
      long blockSize,
      Progressable progress,
      Options.ChecksumOpt checksum)
      throws IOException {
    boolean overwrite = flags.contains(CreateFlag.OVERWRITE);
    return create(file, permission, overwrite, bufferSize, replication, blockSize, progress);
  }

  /** A file that appears when it is closed. */
  private final class Pending extends FilterOutputStream {
    private final Path pending;
    private final Path file;
    private boolean closed;

    Pending(OutputStream out, Path pending, Path file) {
      super(out);
      this.pending = pending;
      this.file = file;
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      out.write(bytes, offset, count);
    }

    @Override
    public void close() throws IOException {
      if (!closed) {
        closed = true;
        super.close();
        try {
          change();
        } catch (IOException e) {
          fs.delete(pending, false);
          throw e;
        }
        move(pending, file);
      }
    }
  }

  private void move(Path from, Path to) throws IOException {
    java.nio.file.Files.move(
        java.nio.file.Path.of(from.toUri().getPath()),
        java.nio.file.Path.of(to.toUri().getPath()),
        java.nio.file.StandardCopyOption.REPLACE_EXISTING,
        java.nio.file.StandardCopyOption.ATOMIC_MOVE);
  }

  @Override
  public boolean rename(Path from, Path to) throws IOException {
    if (fs.exists(raw(to)) || !fs.exists(raw(from))) {
      return false;
    }
    copyAll(from, to);
    delete(from, true);
    return true;
  }

  private void copyAll(Path from, Path to) throws IOException {
    if (!getFileStatus(from).isDirectory()) {
      try (OutputStream out = create(to)) {
        fs.open(raw(from)).transferTo(out);
      }
      return;
    }
    mkdirs(to);
    for (FileStatus each : listStatus(from)) {
      copyAll(each.getPath(), new Path(to, each.getPath().getName()));
    }
  }

  @Override
  public boolean delete(Path path, boolean recursive) throws IOException {
    if (!fs.exists(raw(path))) {
      return false;
    }
    if (getFileStatus(path).isDirectory()) {
      FileStatus[] inside = listStatus(path);
      if (inside.length > 0 && !recursive) {
        throw new IOException(path + " is not empty");
      }
      for (FileStatus each : inside) {
        delete(each.getPath(), true);
      }
    }
    change();
    return fs.delete(raw(path), true);
  }
}
