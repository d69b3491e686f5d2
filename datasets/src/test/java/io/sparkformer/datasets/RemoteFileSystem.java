package io.sparkformer.datasets;

import java.io.IOException;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FSInputStream;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;

/**
 * A file system under the scheme {@code remote} that is not the local one, though its files are; it
 * counts what is read. For one test at a time.
 */
public final class RemoteFileSystem extends FilterFileSystem {

  /** Names of the files that were opened, a name for each time. */
  public static final List<String> OPENED = new CopyOnWriteArrayList<>();

  private static final AtomicLong BYTES = new AtomicLong();

  public RemoteFileSystem() {
    super(
        new RawLocalFileSystem() {
          @Override
          public URI getUri() {
            return URI.create("remote:///");
          }
        });
  }

  public static Configuration configuration() {
    Configuration configuration = new Configuration();
    configuration.set("fs.remote.impl", RemoteFileSystem.class.getName());
    return configuration;
  }

  /** A local path as this file system has it. */
  public static Path remote(java.nio.file.Path path) {
    return new Path("remote://" + path);
  }

  /** Forgets what was read. */
  public static void restart() {
    OPENED.clear();
    BYTES.set(0);
  }

  /** Bytes that were read. */
  public static long bytesRead() {
    return BYTES.get();
  }

  @Override
  public String getScheme() {
    return "remote";
  }

  @Override
  public FSDataInputStream open(Path file, int bufferSize) throws IOException {
    OPENED.add(file.getName());
    return new FSDataInputStream(new Counted(super.open(file, bufferSize)));
  }

  private static final class Counted extends FSInputStream {
    private final FSDataInputStream in;

    Counted(FSDataInputStream in) {
      this.in = in;
    }

    @Override
    public int read() throws IOException {
      byte[] one = new byte[1];
      return read(one, 0, 1) < 0 ? -1 : one[0] & 0xFF;
    }

    @Override
    public int read(byte[] bytes, int offset, int count) throws IOException {
      int read = in.read(bytes, offset, count);
      BYTES.addAndGet(Math.max(0, read));
      return read;
    }

    @Override
    public void seek(long position) throws IOException {
      in.seek(position);
    }

    @Override
    public long getPos() throws IOException {
      return in.getPos();
    }

    @Override
    public boolean seekToNewSource(long position) throws IOException {
      return in.seekToNewSource(position);
    }

    @Override
    public void close() throws IOException {
      in.close();
    }
  }
}
