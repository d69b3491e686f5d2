package io.sparkformer.run;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.net.URI;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.util.Progressable;

/** The local disk under the scheme {@code faulty}, which hangs or is full where it is told to. */
public final class FaultyFileSystem extends RawLocalFileSystem {

  private volatile CountDownLatch gate = new CountDownLatch(0);
  private volatile Predicate<String> full = path -> false;
  private final AtomicLong bytesLeft = new AtomicLong();

  static RunDirectory directory(java.nio.file.Path output) {
    Configuration configuration = new Configuration();
    configuration.setClass("fs.faulty.impl", FaultyFileSystem.class, RawLocalFileSystem.class);
    configuration.setBoolean("fs.faulty.impl.disable.cache", true);
    return RunDirectory.of(configuration, new Path("faulty://" + output));
  }

  static FaultyFileSystem of(RunDirectory directory) {
    return (FaultyFileSystem) directory.fileSystem();
  }

  /** New files of checkpoints hang until {@link #goOn}. */
  void hang() {
    gate = new CountDownLatch(1);
  }

  void goOn() {
    gate.countDown();
  }

  /** Files of these paths take only so many bytes more, all together. */
  void full(Predicate<String> paths, long bytes) {
    full = paths;
    bytesLeft.set(bytes);
  }

  @Override
  public URI getUri() {
    return URI.create("faulty:///");
  }

  @Override
  public String getScheme() {
    return "faulty";
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
    String path = file.toUri().getPath();
    try {
      if (path.contains("/checkpoints/")) {
        gate.await();
      }
    } catch (InterruptedException e) {
      throw (IOException) new InterruptedIOException().initCause(e);
    }
    FSDataOutputStream out =
        super.create(file, overwrite, bufferSize, replication, blockSize, progress);
    return full.test(path) ? new FSDataOutputStream(new Full(out), null) : out;
  }

  private final class Full extends FilterOutputStream {

    Full(OutputStream out) {
      super(out);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      int fitting = (int) Math.min(count, bytesLeft.get());
      out.write(bytes, offset, fitting);
      bytesLeft.addAndGet(-fitting);
      if (fitting < count) {
        throw new IOException("No space left on device");
      }
    }
  }
}
