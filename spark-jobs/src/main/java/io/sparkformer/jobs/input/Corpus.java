package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * The files of a job's inputs.
 *
 * @param roots what the inputs name: files and directories, globs resolved
 * @param files every file once, sorted by full path
 */
public record Corpus(List<Path> roots, List<Corpus.File> files) {

  /**
   * A file to read.
   *
   * @param path full, with scheme
   * @param bytes its size
   * @param modified its modification time, in milliseconds of the epoch
   */
  public record File(String path, long bytes, long modified) {}

  /**
   * Finds the files of inputs; a directory stands for all files below it but those whose name, or
   * whose directory's name, begins with {@code _} or {@code .}, as everywhere in Hadoop.
   *
   * @throws InvalidInputException if an input does not exist or cannot be read, or there is no file
   *     at all
   */
  public static Corpus find(List<String> inputs, Configuration configuration) {
    List<Path> roots = new ArrayList<>();
    Map<String, File> files = new TreeMap<>();
    for (String input : inputs) {
      Path path = Storage.path(input);
      FileSystem fileSystem = Storage.fileSystem(path, configuration);
      try {
        for (FileStatus match : matches(fileSystem, path, input)) {
          roots.add(match.getPath());
          collect(fileSystem, match, files);
        }
      } catch (IOException e) {
        throw new InvalidInputException(
            String.format(
                "--input %s cannot be read (%s): check the path and its permissions",
                input, Reason.of(e)),
            e);
      }
    }
    require(
        !files.isEmpty(),
        "--input %s has no files: give a directory or glob with text",
        String.join(" ", inputs));
    return new Corpus(List.copyOf(roots), List.copyOf(files.values()));
  }

  public long bytes() {
    return files.stream().mapToLong(File::bytes).sum();
  }

  private static List<FileStatus> matches(FileSystem fileSystem, Path path, String input)
      throws IOException {
    try {
      // First as it stands, for names that contain a glob's characters.
      return List.of(fileSystem.getFileStatus(path));
    } catch (FileNotFoundException e) {
      FileStatus[] matches = fileSystem.globStatus(path);
      List<FileStatus> wanted = new ArrayList<>();
      for (FileStatus match : matches == null ? new FileStatus[0] : matches) {
        if (isHidden(path) || !isHidden(match.getPath())) {
          wanted.add(match);
        }
      }
      require(
          !wanted.isEmpty(),
          "--input %s: no such file or directory, and no match: check the path",
          input);
      return wanted;
    }
  }

  private static void collect(FileSystem fileSystem, FileStatus status, Map<String, File> files)
      throws IOException {
    if (!status.isDirectory()) {
      String path = status.getPath().toString();
      files.put(path, new File(path, status.getLen(), status.getModificationTime()));
      return;
    }
    for (FileStatus child : fileSystem.listStatus(status.getPath())) {
      if (!isHidden(child.getPath())) {
        collect(fileSystem, child, files);
      }
    }
  }

  private static boolean isHidden(Path path) {
    return path.getName().startsWith("_") || path.getName().startsWith(".");
  }
}
