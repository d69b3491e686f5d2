package io.sparkformer.jobs.output;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Placement;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A job's output directory, which appears under its name when it is complete and not before.
 *
 * <p>Until then the job writes into a hidden directory beside it, {@code .NAME.inprogress}, which a
 * killed job leaves behind and the next one with the same plan goes on from. A directory that is
 * replaced stays until then, too. Two jobs never write one output.
 */
public final class OutputDirectory implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(OutputDirectory.class);
  private static final String PLAN = "plan.json";
  static final String STAGING = "inprogress";

  private final FileSystem fileSystem;
  private final OutputLock lock;
  private final Path output;
  private final Path staging;
  private final String marker;
  private final ExistingOutput existing;
  private final List<Path> createdParents;
  private boolean committed;
  private boolean kept;

  private OutputDirectory(
      FileSystem fileSystem,
      OutputLock lock,
      Path output,
      String marker,
      ExistingOutput existing,
      List<Path> createdParents) {
    this.fileSystem = fileSystem;
    this.lock = lock;
    this.output = output;
    this.staging = beside(output, STAGING);
    this.marker = marker;
    this.existing = existing;
    this.createdParents = createdParents;
  }

  /**
   * Locks the output, after everything that can be wrong with it was checked.
   *
   * @param marker the file by which a directory of this kind is known; only such ones are ever
   *     replaced
   * @param inputs files and directories that the output must not touch
   * @throws InvalidInputException if the output exists and may not be replaced, overlaps an input,
   *     is being written by another job, or cannot be made
   */
  public static OutputDirectory prepare(
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
      Path staging = beside(qualified, STAGING);
      boolean cut = Placement.isCut(fileSystem, staging, qualified, marker);
      if (!cut) { // else a part of it is there, and nobody's mistake
        requireReplaceable(fileSystem, qualified, marker, existing);
      }
      List<Path> missingParents = missingParents(fileSystem, qualified);
      OutputLock lock = OutputLock.acquire(fileSystem, qualified);
      try {
        if (cut) {
          LOG.info("{}: finishing what a killed job was putting there", Storage.shown(qualified));
          Placement.place(fileSystem, staging, qualified, marker);
        }
        Placement.restore(fileSystem, qualified);
        requireReplaceable(fileSystem, qualified, marker, existing);
      } catch (IOException | RuntimeException e) {
        lock.releaseAfter(e);
        throw e;
      }
      return new OutputDirectory(fileSystem, lock, qualified, marker, existing, missingParents);
    } catch (IOException e) {
      throw new InvalidInputException(
          String.format(
              "--output %s cannot be written (%s): choose a directory that you may write",
              output, Reason.of(e)),
          e);
    }
  }

  /**
   * Makes the hidden directory, or finds the one that a killed job left.
   *
   * @param plan everything that decides what will be written; what was written to another plan is
   *     deleted
   * @return whether there is something to go on from
   */
  public boolean start(byte[] plan) throws IOException {
    Path file = new Path(staging, PLAN);
    if (fileSystem.exists(file)) {
      try (InputStream in = fileSystem.open(file)) {
        if (Arrays.equals(in.readAllBytes(), plan)) {
          return true;
        }
      }
    }
    startAfresh();
    try (OutputStream out = fileSystem.create(file, true)) {
      out.write(plan);
    }
    return false;
  }

  /** Makes the hidden directory, empty: nothing that a killed job left is of use to this one. */
  public void startAfresh() throws IOException {
    Placement.delete(fileSystem, staging, marker);
    if (!fileSystem.mkdirs(staging)) {
      throw new IOException("cannot create " + staging);
    }
  }

  /** Sets what to do when another job takes this one for dead and writes the output. */
  public void whenLost(Runnable action) {
    lock.whenLost(action);
  }

  /**
   * Makes sure that no other job has.
   *
   * @throws IOException if one has
   */
  public void requireHeld() throws IOException {
    lock.requireHeld();
  }

  /** Leaves what was written for the next job with the same plan. */
  public void keep() {
    kept = true;
  }

  public FileSystem fileSystem() {
    return fileSystem;
  }

  /** Where to write. */
  public Path staging() {
    return staging;
  }

  public Path output() {
    return output;
  }

  /** Gives the directory its name, in place of an older one if that was asked for. */
  public void commit() throws IOException {
    lock.requireHeld();
    for (FileStatus file : fileSystem.listStatus(staging)) {
      String name = file.getPath().getName();
      // Attempts of tasks that were killed.
      if (name.startsWith(".") || name.equals(PLAN)) {
        fileSystem.delete(file.getPath(), true);
      }
    }
    requireReplaceable(fileSystem, output, marker, existing);
    Placement.place(fileSystem, staging, output, marker);
    committed = true;
  }

  /** Deletes what was written, unless it is committed or kept, and lets others write. */
  @Override
  public void close() throws IOException {
    boolean discarded;
    try (lock) {
      // A job that has taken this one for dead goes on from what is there; what could not be put in
      // its place, when the older one was gone, is for the next.
      discarded =
          !committed
              && !kept
              && lock.isHeld()
              && !Placement.isCut(fileSystem, staging, output, marker);
      if (discarded) {
        Placement.delete(fileSystem, staging, marker);
      }
    }
    if (discarded) {
      deleteEmpty(fileSystem, createdParents);
    }
  }

  /** The directories above an output that are not there, the innermost first. */
  public static List<Path> missingParents(FileSystem fileSystem, Path output) throws IOException {
    List<Path> missing = new ArrayList<>();
    for (Path p = output.getParent(); p != null && !fileSystem.exists(p); p = p.getParent()) {
      missing.add(p);
    }
    return List.copyOf(missing);
  }

  /** Deletes directories, up to the first with something in it. */
  public static void deleteEmpty(FileSystem fileSystem, List<Path> directories) throws IOException {
    for (Path directory : directories) {
      if (fileSystem.listStatus(directory).length > 0) {
        return;
      }
      fileSystem.delete(directory, false);
    }
  }

  static Path beside(Path output, String purpose) {
    return new Path(output.getParent(), "." + output.getName() + "." + purpose);
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

  public static void requireApart(Path output, List<Path> inputs, FileSystem fileSystem)
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
}
