package io.sparkformer.model;

import ai.djl.ndarray.types.Shape;
import io.sparkformer.torch.TorchArchive;
import java.io.EOFException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A TorchScript archive beside what would be written with its own numbers.
 *
 * <p>Whole files are compared, and no entries: two programs may find different entries in one zip.
 */
final class ComparedArchive implements AutoCloseable {

  /** The archive is another one. */
  private static final class OtherBytesException extends IOException {
    private static final long serialVersionUID = 1;
  }

  private final FSDataInputStream in;
  private final long length;

  private ComparedArchive(FSDataInputStream in, long length) {
    this.in = in;
    this.length = length;
  }

  static ComparedArchive open(FileSystem fileSystem, Path file) throws IOException {
    long length = fileSystem.getFileStatus(file).getLen();
    return new ComparedArchive(fileSystem.open(file), length);
  }

  /** In bytes. */
  long length() {
    return length;
  }

  /** A parameter with the numbers that are in the file where it is to be. */
  TorchArchive.Parameter parameter(Shape shape) {
    return new TorchArchive.Parameter(
        shape,
        position -> {
          long bytes = shape.size() * Float.BYTES;
          if (bytes > length - position || bytes > Integer.MAX_VALUE - 8) {
            throw new OtherBytesException();
          }
          byte[] numbers = new byte[(int) bytes];
          in.readFully(position, numbers);
          return ByteBuffer.wrap(numbers);
        });
  }

  /** Whether all bytes of the file are the archive's, and no others. */
  boolean isWrittenBy(TorchArchive archive) throws IOException {
    in.seek(0);
    try {
      archive.write(new Comparison());
    } catch (OtherBytesException | EOFException e) {
      return false;
    }
    return in.getPos() == length;
  }

  /** Takes what is in the file alone. */
  private final class Comparison extends OutputStream {
    private byte[] there = {};

    @Override
    public void write(int b) throws IOException {
      write(new byte[] {(byte) b}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int count) throws IOException {
      there = there.length < count ? new byte[count] : there;
      in.readFully(there, 0, count);
      if (!Arrays.equals(there, 0, count, bytes, offset, offset + count)) {
        throw new OtherBytesException();
      }
    }
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
