package io.sparkformer.datasets;

import java.io.File;
import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;

/** Where data sets and models are kept: any Hadoop file system. */
public final class Storage {

  private Storage() {}

  /**
   * The file system that holds a path, the configuration's default one if the path names none.
   *
   * <p>Local disks come without Hadoop's {@code .crc} side files: a data set has checksums of its
   * own, and its directory is also read by tools that do not know them.
   *
   * @throws InvalidInputException if there is no file system of that kind
   */
  public static FileSystem fileSystem(Path path, Configuration configuration) {
    try {
      FileSystem fileSystem = path.getFileSystem(configuration);
      return fileSystem instanceof LocalFileSystem local ? local.getRaw() : fileSystem;
    } catch (IOException | IllegalArgumentException e) {
      throw new InvalidInputException(
          String.format(
              "%s: no such file system (%s): check the path's scheme and host",
              path, e.getMessage()),
          e);
    }
  }

  /**
   * The file system of a file that only the driver reads: the local disk if its path names none,
   * whatever the configuration's default is.
   *
   * @throws InvalidInputException if there is no file system of that kind
   */
  public static FileSystem driverFileSystem(Path path, Configuration configuration)
      throws IOException {
    return path.toUri().getScheme() == null
        ? FileSystem.getLocal(configuration).getRaw()
        : fileSystem(path, configuration);
  }

  /** A path with its file system's name, whatever the default one is where it is used. */
  public static Path qualified(Path path, Configuration configuration) {
    return fileSystem(path, configuration).makeQualified(path);
  }

  /** A path as users write it, for messages: local ones without their scheme. */
  public static String shown(Path path) {
    String text = path.toString();
    return text.startsWith("file:/") ? text.substring("file:".length()) : text;
  }

  /**
   * A path from text that a user gave.
   *
   * @throws InvalidInputException if it is empty or not a path
   */
  public static Path path(String text) {
    try {
      return new Path(text);
    } catch (IllegalArgumentException e) {
      throw new InvalidInputException(
          String.format(
              "'%s' is not a path (%s): write local paths with a colon as file:/...",
              text, e.getMessage()),
          e);
    }
  }

  /**
   * Whether one of two paths is the other or lies in it, symbolic links of a local disk resolved.
   *
   * @param a qualified, with scheme
   * @param b likewise
   */
  public static boolean overlap(Path a, Path b) throws IOException {
    String first = canonical(a) + "/";
    String second = canonical(b) + "/";
    return first.startsWith(second) || second.startsWith(first);
  }

  private static String canonical(Path path) throws IOException {
    return "file".equals(path.toUri().getScheme())
        ? "file:" + new File(path.toUri().getPath()).getCanonicalPath()
        : path.toString();
  }
}
