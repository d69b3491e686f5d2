package io.sparkformer.jobs.input;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.time.Instant;
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
    return find(inputs, FileSelection.ALL, configuration);
  }

  /** The same, with a selection of the files in directories. */
  static Corpus find(List<String> inputs, FileSelection selection, Configuration configuration) {
    List<Path> roots = new ArrayList<>();
    Map<String, File> files = new TreeMap<>();
    for (String input : inputs) {
      Path path = Storage.path(input);
      FileSystem fileSystem = Storage.fileSystem(path, configuration);
      try {
        for (FileStatus match : matches(fileSystem, path, input)) {
          roots.add(match.getPath());
          collect(fileSystem, match, new Below(match.getPath(), selection), files);
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
        !files.isEmpty() || selection.isAll(),
        "--input %s has no files that --include and --exclude let through: change these patterns",
        String.join(" ", inputs));
    require(
        !files.isEmpty(),
        "--input %s has no files: give a directory or glob with text",
        String.join(" ", inputs));
    return new Corpus(List.copyOf(roots), List.copyOf(files.values()));
  }

  /**
   * Makes sure that the files are still the ones that were found. Others beside them are nobody's
   * concern.
   *
   * @throws InvalidInputException if one was changed or deleted
   */
  void requireUnchanged(Configuration configuration) throws IOException {
    Map<String, File> now = new TreeMap<>();
    for (Path root : roots) {
      FileSystem fileSystem = Storage.fileSystem(root, configuration);
      if (fileSystem.exists(root)) {
        collect(
            fileSystem, fileSystem.getFileStatus(root), new Below(root, FileSelection.ALL), now);
      }
    }
    for (File file : files) {
      File found = now.get(file.path());
      String shown = Storage.shown(new Path(file.path()));
      require(
          found != null,
          "%s was deleted while the job was reading its inputs: put it back and run the job again",
          shown);
      require(
          found.equals(file),
          "%s was changed while the job was reading its inputs (it had %d bytes of %s, and has %d of %s): run the job"
              + " again when nothing writes to it, or on a copy",
          shown,
          file.bytes(),
          Instant.ofEpochMilli(file.modified()),
          found.bytes(),
          Instant.ofEpochMilli(found.modified()));
    }
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

  /** What is read below an input. */
  private record Below(Path root, FileSelection selection) {
    boolean accepts(Path file) {
      return root.equals(file)
          || selection.isAll()
          || selection.accepts(root.toUri().relativize(file.toUri()).getPath());
    }
  }

  private static void collect(
      FileSystem fileSystem, FileStatus status, Below below, Map<String, File> files)
      throws IOException {
    if (!status.isDirectory()) {
      if (!below.accepts(status.getPath())) {
        return;
      }
      String path = status.getPath().toString();
      files.put(path, new File(path, status.getLen(), status.getModificationTime()));
      return;
    }
    for (FileStatus child : fileSystem.listStatus(status.getPath())) {
      if (!isHidden(child.getPath())) {
        collect(fileSystem, child, below, files);
      }
    }
  }

  private static boolean isHidden(Path path) {
    return path.getName().startsWith("_") || path.getName().startsWith(".");
  }
}
