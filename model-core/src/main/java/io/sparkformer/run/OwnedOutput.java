package io.sparkformer.run;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Placement;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A run's output as the attempt writes it that owns it: before anything there gets or loses its
 * name, the owner is asked.
 *
 * @param run where it is
 * @param owner whether it still is this attempt's
 */
record OwnedOutput(RunDirectory run, Ownership owner) {

  private static final String WRITING = ".writing";
  private static final Pattern HIDDEN =
      Pattern.compile("\\.(best|last|step-[0-9]+)(?:\\.[0-9a-f-]+)?(\\.writing|\\.old)");

  /** What fills a directory that is being written. */
  interface Content {
    void write(ChecksummedFiles files, Path directory) throws IOException;
  }

  /**
   * Makes a new output, deleting what a run left in one that {@link RunDirectory#check} allowed to
   * replace.
   *
   * @throws InvalidInputException if it cannot be made
   */
  void create(String recipe, String runId) throws IOException {
    owner.require();
    FileSystem fileSystem = fileSystem();
    try {
      // The next attempt of a run that is killed here must not take the half for another's output.
      mkdirs(run.mark(runId));
      for (Path own : run.own()) {
        fileSystem.delete(own, true); // what else lies here is the user's
      }
      for (FileStatus file : fileSystem.listStatus(run.path())) {
        if (HIDDEN.matcher(file.getPath().getName()).matches()) {
          fileSystem.delete(file.getPath(), true);
        }
      }
      mkdirs(run.checkpoints());
      writeRecipe(recipe, runId); // what is here is now this run's
      deleteMarks();
    } catch (IOException e) {
      String reason = Reason.of(e);
      throw new InvalidInputException(
          String.format(
              "%s cannot be written (%s): choose a directory that you may write",
              Storage.shown(run.path()), reason),
          e);
    }
  }

  private void mkdirs(Path directory) throws IOException {
    if (!fileSystem().mkdirs(directory)) {
      throw new IOException("cannot create " + Storage.shown(directory));
    }
  }

  private void deleteMarks() throws IOException {
    for (Path mark : run.marks()) {
      fileSystem().delete(mark, true);
    }
  }

  void writeRecipe(String recipe, String runId) throws IOException {
    owner.require();
    try (OutputStream out = fileSystem().create(new Path(run.path(), RunDirectory.RECIPE), true)) {
      out.write(RunDirectory.recipeOf(runId, recipe).getBytes(StandardCharsets.UTF_8));
    }
  }

  /**
   * Writes a directory under a hidden name, no other writer's, and puts it in place of the one that
   * is there.
   *
   * @param content writes the marker last
   */
  void replace(Path target, String marker, Content content) throws IOException {
    // Where placing is copying, what replaces nothing is written in its place at once.
    boolean inPlace = !Placement.renamesAtOnce(fileSystem()) && !fileSystem().exists(target);
    Path written =
        inPlace
            ? target
            : new Path(
                target.getParent(), "." + target.getName() + "." + UUID.randomUUID() + WRITING);
    if (inPlace) {
      owner.require();
    }
    try {
      content.write(new ChecksummedFiles(fileSystem()), written);
      if (!inPlace) {
        owner.require();
        Placement.place(fileSystem(), written, target, marker);
      }
    } catch (IOException | RuntimeException | FSError e) { // the latter: a full local disk
      deleteAfter(e, written, target, marker);
      throw e;
    }
  }

  /** Deletes what is of no use, and no more: if the target is no longer whole, this one stays. */
  private void deleteAfter(Throwable failure, Path written, Path target, String marker) {
    try {
      if (!Placement.isCut(fileSystem(), written, target, marker)) {
        owner.require(); // what was written in place may be the next attempt's by now
        Placement.delete(fileSystem(), written, marker);
      }
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Deletes a directory of the output, its marker first. */
  void delete(Path directory, String marker) throws IOException {
    owner.require();
    Placement.delete(fileSystem(), directory, marker);
  }

  /**
   * Removes what a killed run was writing; what it had moved away for that comes back, and what it
   * was putting in its place gets there.
   */
  void deleteStale() throws IOException {
    owner.require();
    deleteMarks();
    for (Path parent : List.of(run.path(), run.checkpoints())) {
      String marker = parent.equals(run.path()) ? RunDirectory.MODEL_MARKER : CheckpointStore.DONE;
      for (FileStatus file : fileSystem().listStatus(parent)) {
        Matcher hidden = HIDDEN.matcher(file.getPath().getName());
        if (hidden.matches()) {
          Path target = new Path(parent, hidden.group(1));
          if (hidden.group(2).equals(WRITING)) {
            finish(file.getPath(), target, marker);
          } else {
            Placement.restore(fileSystem(), target);
          }
        }
      }
    }
  }

  private void finish(Path written, Path target, String marker) throws IOException {
    if (Placement.isCut(fileSystem(), written, target, marker)) {
      Placement.place(fileSystem(), written, target, marker);
    } else {
      Placement.delete(fileSystem(), written, marker);
    }
  }

  FileSystem fileSystem() {
    return run.fileSystem();
  }
}
