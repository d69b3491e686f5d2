package io.sparkformer.datasets;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** Files that are read in one piece, as a model's or a data set's small ones are. */
public final class WholeFile {

  /** More than any known file of this kind has; a tokenizer's may have 40 MB. */
  public static final int MAX_BYTES = 1 << 29;

  /** How files begin that a program has packed. */
  private enum Packed {
    GZIP("\u001f\u008b"),
    ZIP("PK\u0003\u0004"),
    ZSTANDARD("(\u00b5/\u00fd"),
    XZ("\u00fd7zXZ"),
    BZIP2("BZh");

    /** Its bytes, one a character. */
    private final String magic;

    Packed(String magic) {
      this.magic = magic;
    }

    boolean begins(byte[] content) {
      int length = Math.min(content.length, magic.length());
      return new String(content, 0, length, StandardCharsets.ISO_8859_1).equals(magic);
    }
  }

  private WholeFile() {}

  /**
   * A file's content.
   *
   * @throws InvalidInputException if it is a directory, or larger than {@link #MAX_BYTES}
   */
  public static byte[] read(FileSystem fileSystem, Path file) throws IOException {
    FileStatus status = fileSystem.getFileStatus(file);
    String name = Storage.shown(file);
    require(status.isFile(), "%s is a directory, not a file: copy it again", name);
    try (InputStream in = fileSystem.open(file)) {
      return bounded(in, MAX_BYTES, name);
    }
  }

  /**
   * All that a stream has.
   *
   * @param most bytes
   * @param name for messages
   * @throws InvalidInputException if it has more
   */
  public static byte[] bounded(InputStream in, int most, String name) throws IOException {
    byte[] bytes = in.readNBytes(most);
    require(
        in.read() < 0,
        "%s has more than %d bytes, too many for a file of its name: copy the right one there",
        name,
        most);
    return bytes;
  }

  /**
   * Says of a file's content that a program has packed it.
   *
   * @param name for messages
   * @throws InvalidInputException if one has
   */
  public static void requireUnpacked(byte[] content, String name) {
    for (Packed packed : Packed.values()) {
      require(
          !packed.begins(content),
          "%s is packed (%s): unpack it, and give the file that is in it",
          name,
          packed.name().toLowerCase(Locale.ROOT));
    }
  }
}
