package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A job's output directory, which appears under its name when it is complete and not before.
 *
 * <p>Until then the job writes into a hidden directory beside it, {@code .NAME.inprogress-ID},
 * which is deleted if the job fails or is interrupted. A directory that is replaced stays until
 * then, too.
 */
final class OutputDirectory implements Closeable {

  private final FileSystem fileSystem;
  private final Path output;
  private final Path staging;
  private final String marker;
  private final ExistingOutput existing;
  private final List<Path> createdParents;
  private boolean committed;

  private OutputDirectory(
      FileSystem fileSystem,
      Path output,
      String marker,
      ExistingOutput existing,
      List<Path> createdParents) {
    this.fileSystem = fileSystem;
    this.output = output;
    this.staging = beside("inprogress");
    this.marker = marker;
    this.existing = existing;
    this.createdParents = createdParents;
  }

  /**
   * Makes the hidden directory, after everything that can be wrong with the output was checked.
   *
   * @param marker the file by which a directory of this kind is known; only such ones are ever
   *     replaced
   * @param inputs files and directories that the output must not touch
   * @throws InvalidInputException if the output exists and may not be replaced, overlaps an input,
   *     or cannot be made
   */
  static OutputDirectory prepare(
      String output,
      String marker,
      ExistingOutput existing,
      List<Path> inputs,
      Configuration configuration) {
    Path given = Storage.path(output);
    FileSystem fileSystem = Storage.fileSystem(given, configuration);
    Path qualified = fileSystem.makeQualified(given);
    require(
        !qualified.isRoot(), "--output %s is a whole file system: give a directory in it", output);
    try {
      requireApart(qualified, inputs, fileSystem);
      requireReplaceable(fileSystem, qualified, marker, existing);
      List<Path> missingParents = new ArrayList<>();
      for (Path p = qualified.getParent(); p != null && !fileSystem.exists(p); p = p.getParent()) {
        missingParents.add(p);
      }
      OutputDirectory directory =
          new OutputDirectory(fileSystem, qualified, marker, existing, missingParents);
      directory.createStaging();
      return directory;
    } catch (IOException e) {
      throw new InvalidInputException(
          String.format(
              "--output %s cannot be written (%s): choose a directory that you may write",
              output, reason(e)),
          e);
    }
  }

  FileSystem fileSystem() {
    return fileSystem;
  }

  /** Where to write. */
  Path staging() {
    return staging;
  }

  Path output() {
    return output;
  }

  /** Gives the directory its name, in place of an older one if that was asked for. */
  void commit() throws IOException {
    for (FileStatus file : fileSystem.listStatus(staging)) {
      // Attempts of tasks that were killed.
      if (file.getPath().getName().startsWith(".")) {
        fileSystem.delete(file.getPath(), false);
      }
    }
    requireReplaceable(fileSystem, output, marker, existing);
    Path old = beside("replaced");
    boolean replaces = fileSystem.exists(output);
    if (replaces) {
      rename(output, old);
    }
    try {
      rename(staging, output);
    } catch (IOException e) {
      if (replaces) {
        rename(old, output);
      }
      throw e;
    }
    committed = true;
    fileSystem.cancelDeleteOnExit(staging);
    if (replaces) {
      fileSystem.delete(old, true);
    }
  }

  /** Deletes what was written, unless it is committed. */
  @Override
  public void close() throws IOException {
    if (committed) {
      return;
    }
    fileSystem.delete(staging, true);
    for (Path parent : createdParents) {
      if (fileSystem.listStatus(parent).length > 0) {
        return;
      }
      fileSystem.delete(parent, false);
    }
  }

  private void createStaging() throws IOException {
    if (!fileSystem.mkdirs(staging)) {
      throw new IOException("cannot create " + staging);
    }
    // For Ctrl-C: Hadoop deletes it when the process ends, after Spark has stopped.
    fileSystem.deleteOnExit(staging);
  }

  private Path beside(String purpose) {
    return new Path(
        output.getParent(), "." + output.getName() + "." + purpose + "-" + UUID.randomUUID());
  }

  private void rename(Path from, Path to) throws IOException {
    if (!fileSystem.rename(from, to)) {
      throw new IOException("cannot rename " + from + " to " + to);
    }
  }

  private static void requireReplaceable(
      FileSystem fileSystem, Path output, String marker, ExistingOutput existing)
      throws IOException {
    if (!fileSystem.exists(output)) {
      return;
    }
    require(
        existing == ExistingOutput.REPLACE,
        "--output %s exists: pass --overwrite to replace it, or choose another directory",
        Storage.shown(output));
    boolean ours =
        fileSystem.getFileStatus(output).isDirectory()
            && (fileSystem.exists(new Path(output, marker))
                || fileSystem.listStatus(output).length == 0);
    require(
        ours,
        "--output %s exists and was not made by this job (it has no %s): delete it yourself, or choose another directory",
        Storage.shown(output),
        marker);
  }

  private static void requireApart(Path output, List<Path> inputs, FileSystem fileSystem)
      throws IOException {
    Path qualified = fileSystem.makeQualified(output);
    for (Path input : inputs) {
      require(
          !Storage.overlap(qualified, input),
          "--output %s and --input %s are the same or one lies in the other: choose an output outside the inputs",
          Storage.shown(output),
          Storage.shown(input));
    }
  }

  private static String reason(IOException e) {
    return String.valueOf(e.getMessage()).lines().findFirst().orElse(e.getClass().getSimpleName());
  }
}
