package io.sparkformer.jobs.input;

import com.github.luben.zstd.ZstdInputStream;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.pretokenizer.SafeCuts;
import io.sparkformer.datasets.text.Utf8Text;
import java.io.BufferedInputStream;
import java.io.Closeable;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.util.Arrays;
import java.util.zip.ZipException;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.hadoop.io.compress.CompressionCodec;
import org.apache.hadoop.io.compress.CompressionCodecFactory;

/**
 * A window over a text file's bytes, decompressed if its name says so; for one thread.
 *
 * <p>The unread bytes are {@code bytes()[from] .. bytes()[to - 1]}; a few that were read before
 * them, from {@code start} on, are kept.
 */
final class TextInput implements Closeable {

  static final int WINDOW_BYTES = 2 * Documents.PIECE_BYTES;

  private static final String ZSTD_ENDING = ".zst";
  private static final String BZIP2_ENDING = ".bz2";
  private static final int BUFFER_BYTES = 1 << 16;

  private final String shownPath;
  private final FSDataInputStream stored;
  private final InputStream in;
  private final byte[] bytes;
  private int start;
  private int from;
  private int to;
  private long offset;
  private boolean exhausted;

  private TextInput(
      String shownPath, FSDataInputStream stored, InputStream in, long offset, byte[] bytes) {
    this.bytes = bytes;
    this.shownPath = shownPath;
    this.stored = stored;
    this.in = in;
    this.offset = offset;
  }

  /** Whether a file can be read from its middle. */
  static boolean isCompressed(String path, Configuration configuration) {
    return path.endsWith(ZSTD_ENDING)
        || new CompressionCodecFactory(configuration).getCodec(new Path(path)) != null;
  }

  /**
   * Opens a file.
   *
   * @param offset where to begin; 0 in a compressed file
   * @param window of {@link #WINDOW_BYTES}, to be used by one input at a time
   */
  static TextInput open(String path, long offset, byte[] window, Configuration configuration)
      throws IOException {
    Path file = new Path(path);
    FileSystem fileSystem = Storage.fileSystem(file, configuration);
    FSDataInputStream stored = fileSystem.open(file);
    try {
      stored.seek(offset);
      return new TextInput(
          Storage.shown(file), stored, decompressed(file, stored, configuration), offset, window);
    } catch (IOException e) {
      stored.close();
      throw corrupt(e, Storage.shown(file));
    }
  }

  private static InputStream decompressed(
      Path file, FSDataInputStream stored, Configuration configuration) throws IOException {
    if (file.getName().endsWith(ZSTD_ENDING)) {
      // Hadoop's codec needs Hadoop's native library; Spark brings one of its own.
      return new ZstdInputStream(stored);
    }
    if (file.getName().endsWith(BZIP2_ENDING)) {
      // Hadoop's codec takes a file with a damaged block for a shorter one.
      return new BZip2CompressorInputStream(new BufferedInputStream(stored, BUFFER_BYTES), true);
    }
    CompressionCodec codec = new CompressionCodecFactory(configuration).getCodec(file);
    return codec == null ? stored : codec.createInputStream(stored);
  }

  byte[] bytes() {
    return bytes;
  }

  int start() {
    return start;
  }

  int from() {
    return from;
  }

  int to() {
    return to;
  }

  /** Where in the (decompressed) file an index of the window is. */
  long offset(int at) {
    return offset + at;
  }

  /** Bytes of the stored file that were read. */
  long storedPosition() throws IOException {
    return stored.getPos();
  }

  /** Goes past bytes of the window. */
  void skipTo(int at) {
    from = at;
  }

  /**
   * Reads more behind the window's bytes, moving them to the array's start if need be.
   *
   * @return false if the file has no more, or the window is full
   */
  boolean fill() throws IOException {
    int kept = Math.min(from - start, SafeCuts.LOOK_BACK);
    if (exhausted || kept + to - from == bytes.length) {
      return false;
    }
    if (from > kept) {
      System.arraycopy(bytes, from - kept, bytes, 0, kept + to - from);
      offset += from - kept;
      to -= from - kept;
      from = kept;
      start = 0;
    }
    try {
      int got = in.readNBytes(bytes, to, bytes.length - to);
      to += got;
      exhausted = to < bytes.length;
      return got > 0;
    } catch (IOException e) {
      throw corrupt(e, shownPath);
    } catch (InternalError | IndexOutOfBoundsException | IllegalArgumentException e) {
      throw corrupt(new ZipException(e.getMessage()), shownPath); // zlib's and bzip2's
    }
  }

  /** Whether the file has no bytes behind the window's. */
  boolean isExhausted() {
    return exhausted;
  }

  /** The window's end without a character that may go on behind it. */
  int completeTo() {
    return exhausted ? to : Utf8Text.completeTo(bytes, from, to);
  }

  /** The first index at or after another that holds a line feed; -1 if the window has none. */
  int lineFeed(int start) {
    for (int at = start; at < to; at++) {
      if (bytes[at] == '\n') {
        return at;
      }
    }
    return -1;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** A file that contradicts its compression is the user's to mend; other failures may pass. */
  private static IOException corrupt(IOException e, String path) {
    boolean format =
        e instanceof ZipException
            || e instanceof EOFException
            || e.getClass().getName().startsWith("com.github.luben.zstd.")
            || Arrays.stream(e.getStackTrace())
                .limit(1)
                .map(StackTraceElement::getClassName)
                .anyMatch(
                    thrower ->
                        thrower.startsWith("org.apache.hadoop.io.compress")
                            || thrower.startsWith("org.apache.commons.compress"));
    if (!format) {
      return e;
    }
    throw new InvalidInputException(
        String.format(
            "%s cannot be decompressed (%s): copy it again, or leave it out of --input",
            path, Reason.of(e)),
        e);
  }
}
