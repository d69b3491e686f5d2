package io.sparkformer.model;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.WholeFile;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/** SHA256SUMS, the checksums of a directory's files, in the form of {@code sha256sum}. */
public final class FileSums {

  public static final String FILE_NAME = "SHA256SUMS";

  private static final Pattern LINE =
      Pattern.compile("([0-9a-f]{64})  ([A-Za-z0-9_][A-Za-z0-9._-]{0,250})");
  private static final int BLOCK_BYTES = 1 << 16;

  private FileSums() {}

  /**
   * Writes those of some files.
   *
   * @param names what is not there is left out
   */
  static void write(FileSystem fileSystem, Path directory, List<String> names) throws IOException {
    StringBuilder lines = new StringBuilder();
    for (String name : names) {
      Path file = new Path(directory, name);
      if (fileSystem.exists(file)) {
        lines.append(sum(fileSystem, file)).append("  ").append(name).append('\n');
      }
    }
    try (OutputStream out = fileSystem.create(new Path(directory, FILE_NAME), true)) {
      out.write(lines.toString().getBytes(StandardCharsets.US_ASCII));
    }
  }

  /**
   * Checks a directory's files, if it has checksums.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if one is missing or another one
   */
  public static void check(FileSystem fileSystem, Path directory) throws IOException {
    Path sums = new Path(directory, FILE_NAME);
    if (!fileSystem.exists(sums)) {
      return;
    }
    Set<String> seen = new HashSet<>();
    String text = new String(WholeFile.read(fileSystem, sums), StandardCharsets.UTF_8);
    for (String line : text.lines().toList()) {
      Matcher matcher = LINE.matcher(line);
      require(
          matcher.matches() && seen.add(matcher.group(2)),
          "%s has a line that is no checksum and name, or names a file again, '%s': copy the model again",
          sums,
          line);
      Path file = new Path(directory, matcher.group(2));
      require(
          fileSystem.exists(file) && sum(fileSystem, file).equals(matcher.group(1)),
          "%s is missing, or not the one that %s was written for: copy the model again; if you have changed"
              + " it yourself, remove %s",
          file,
          FILE_NAME,
          sums);
    }
  }

  private static String sum(FileSystem fileSystem, Path file) throws IOException {
    MessageDigest digest = Sha256.digest();
    byte[] block = new byte[BLOCK_BYTES];
    try (InputStream in = fileSystem.open(file)) {
      for (int count = in.read(block); count >= 0; count = in.read(block)) {
        digest.update(block, 0, count);
      }
    }
    return HexFormat.of().formatHex(digest.digest());
  }
}
