package io.sparkformer.run;

import io.sparkformer.datasets.Sha256;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.security.MessageDigest;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.fs.CreateFlag;
import org.apache.hadoop.fs.FSDataOutputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FilterFileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.fs.RawLocalFileSystem;
import org.apache.hadoop.fs.StreamCapabilities;
import org.apache.hadoop.fs.permission.FsPermission;
import org.apache.hadoop.util.Progressable;

/**
 * A file system for the files of one directory that is being written: they are summed on their way,
 * and on disk, not merely in its cache, when they are closed.
 */
final class ChecksummedFiles extends FilterFileSystem {

  private static final int READ_BYTES = 1 << 16;

  private final Map<String, FileSum> sums = new TreeMap<>();

  ChecksummedFiles(FileSystem fileSystem) {
    super(fileSystem);
  }

  /** A file's size and SHA-256. */
  record FileSum(long bytes, String sha256) {

    /** Of a file as it can be read. */
    static FileSum of(FileSystem fileSystem, Path file) throws IOException {
      MessageDigest digest = Sha256.digest();
      byte[] chunk = new byte[READ_BYTES];
      long bytes = 0;
      try (InputStream in = fileSystem.open(file)) {
        for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
          digest.update(chunk, 0, n);
          bytes += n;
        }
      }
      return of(bytes, digest);
    }

    private static FileSum of(long bytes, MessageDigest digest) {
      return new FileSum(bytes, HexFormat.of().formatHex(digest.digest()));
    }
  }

  /** The files closed so far, by name. */
  Map<String, FileSum> sums() {
    return new TreeMap<>(sums);
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
    FSDataOutputStream out =
        fs instanceof RawLocalFileSystem // which starts a process to set a permission
            ? fs.create(file, overwrite, bufferSize, replication, blockSize, progress)
            : fs.create(
                file, permission, flags(overwrite), bufferSize, replication, blockSize, progress);
    return new FSDataOutputStream(new Summing(out, file.getName()), null);
  }

  /** HDFS would sync the last block of a file only. */
  private static EnumSet<CreateFlag> flags(boolean overwrite) {
    EnumSet<CreateFlag> flags = EnumSet.of(CreateFlag.CREATE, CreateFlag.SYNC_BLOCK);
    if (overwrite) {
      flags.add(CreateFlag.OVERWRITE);
    }
    return flags;
  }

  private final class Summing extends FilterOutputStream {

    private final FSDataOutputStream file;
    private final String name;
    private final MessageDigest digest = Sha256.digest();
    private long bytes;
    private boolean closed;

    Summing(FSDataOutputStream file, String name) {
      super(file);
      this.file = file;
      this.name = name;
    }

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] source, int offset, int count) throws IOException {
      file.write(source, offset, count);
      digest.update(source, offset, count);
      bytes += count;
    }

    @Override
    public void close() throws IOException {
      if (closed) {
        return;
      }
      closed = true;
      try (file) {
        file.flush();
        if (file.hasCapability(StreamCapabilities.HSYNC)) {
          file.hsync();
        }
      }
      sums.put(name, FileSum.of(bytes, digest));
    }
  }
}
