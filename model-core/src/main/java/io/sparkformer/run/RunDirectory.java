package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import io.sparkformer.evaluation.Showcase;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSError;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;

/**
 * A training run's output: {@code best/} and {@code last/} (model directories), {@code
 * checkpoints/}, {@code metrics.jsonl} and the recipe as run.
 *
 * @param fileSystem that holds it
 * @param path of the directory
 */
public record RunDirectory(FileSystem fileSystem, Path path) {

  public static final String RECIPE = "recipe.yaml";

  public static final String LOSSES = "loss.png";
  public static final String RATES = "learning-rate.png";
  public static final String REPORT = "report.html";
  private static final String RUN_LINE = "# run ";
  private static final String WRITING = ".writing";
  private static final String OLD = ".old";
  private static final String BEGUN = ".begun.";
  private static final Pattern HIDDEN =
      Pattern.compile("\\.(best|last|step-[0-9]+)(?:\\.[0-9a-f-]+)?(\\.writing|\\.old)");

  /** What to do about an output that is there. */
  public enum Mode {
    /** Refuse it. */
    START,
    /** Delete it, if a training run made it. */
    OVERWRITE,
    /** Go on from its newest checkpoint. */
    RESUME
  }

  public static RunDirectory of(Configuration configuration, Path path) {
    FileSystem fileSystem = Storage.fileSystem(path, configuration);
    return new RunDirectory(fileSystem, fileSystem.makeQualified(path));
  }

  /**
   * Checks that the output fits the mode; changes nothing.
   *
   * @throws InvalidInputException if it does not
   */
  public void check(Mode mode) throws IOException {
    boolean exists = fileSystem.exists(path);
    switch (mode) {
      case START ->
          require(
              !exists,
              "%s exists: give another --output, --resume to go on with it, or --overwrite to replace it",
              Storage.shown(path));
      case OVERWRITE ->
          require(
              !exists || isEmpty() || isTrainingOutput(),
              "%s is not a training output, so --overwrite does not delete it: give another --output",
              Storage.shown(path));
      case RESUME ->
          require(
              exists && fileSystem.exists(checkpoints()),
              "nothing to resume: %s has no checkpoints: check --output, or leave --resume away to start",
              Storage.shown(path));
    }
  }

  private boolean isEmpty() throws IOException {
    return fileSystem.getFileStatus(path).isDirectory() && fileSystem.listStatus(path).length == 0;
  }

  /** Both, since a recipe.yaml alone may be the user's own. */
  private boolean isTrainingOutput() throws IOException {
    return (fileSystem.exists(new Path(path, RECIPE)) && fileSystem.exists(checkpoints()))
        || !marks().isEmpty();
  }

  /** Of runs that were killed while they made this output. */
  private List<Path> marks() throws IOException {
    return Arrays.stream(fileSystem.listStatus(path))
        .map(FileStatus::getPath)
        .filter(file -> file.getName().startsWith(BEGUN))
        .toList();
  }

  private Path mark(String runId) {
    return new Path(path, BEGUN + runId);
  }

  /**
   * Whether an attempt of this run was allowed to make this output, and did not come to the end.
   */
  boolean isBegunBy(String runId) throws IOException {
    return fileSystem.exists(mark(runId));
  }

  /**
   * Makes a new output, deleting what a run left in one that {@link #check} allowed to replace.
   *
   * @throws InvalidInputException if it cannot be made
   */
  void create(String recipe, String runId) throws IOException {
    try {
      // The next attempt of a run that is killed here must not take the half for another's output.
      if (!fileSystem.mkdirs(mark(runId))) {
        throw new IOException("cannot create " + Storage.shown(mark(runId)));
      }
      for (Path own : own()) {
        fileSystem.delete(own, true); // what else lies here is the user's
      }
      if (!fileSystem.mkdirs(checkpoints())) {
        throw new IOException("cannot create " + Storage.shown(checkpoints()));
      }
      writeRecipe(recipe, runId); // what is here is now this run's
      deleteMarks();
    } catch (IOException e) {
      String reason = Reason.of(e);
      throw new InvalidInputException(
          String.format(
              "%s cannot be written (%s): choose a directory that you may write",
              Storage.shown(path), reason),
          e);
    }
  }

  /** The run whose attempt finished {@link #create} here, if one did. */
  Optional<String> runId() throws IOException {
    Path recipe = new Path(path, RECIPE);
    if (!fileSystem.exists(recipe)) {
      return Optional.empty();
    }
    try (BufferedReader lines =
        new BufferedReader(
            new InputStreamReader(fileSystem.open(recipe), StandardCharsets.UTF_8))) {
      return Optional.ofNullable(lines.readLine())
          .filter(line -> line.startsWith(RUN_LINE))
          .map(line -> line.substring(RUN_LINE.length()));
    }
  }

  private void deleteMarks() throws IOException {
    for (Path mark : marks()) {
      fileSystem.delete(mark, true);
    }
  }

  void writeRecipe(String recipe, String runId) throws IOException {
    try (OutputStream out = fileSystem.create(new Path(path, RECIPE), true)) {
      out.write((RUN_LINE + runId + "\n" + recipe).getBytes(StandardCharsets.UTF_8));
    }
  }

  private List<Path> own() {
    return Stream.of(
            "checkpoints",
            "best",
            "last",
            MetricsLog.FILE_NAME,
            TensorBoardLog.DIRECTORY,
            Showcase.FILE_NAME,
            LOSSES,
            RATES,
            REPORT)
        .map(name -> new Path(path, name))
        .toList();
  }

  public Path checkpoints() {
    return new Path(path, "checkpoints");
  }

  public Path best() {
    return new Path(path, "best");
  }

  public Path last() {
    return new Path(path, "last");
  }

  /** What fills a directory that is being written. */
  interface Content {
    void write(ChecksummedFiles files, Path directory) throws IOException;
  }

  /**
   * Writes a directory under a hidden name, no other writer's, and puts it in place of the one that
   * is there.
   */
  void replace(Path target, Content content) throws IOException {
    String hidden = "." + target.getName() + "." + UUID.randomUUID();
    Path written = new Path(target.getParent(), hidden + WRITING);
    Path old = new Path(target.getParent(), hidden + OLD);
    try {
      content.write(new ChecksummedFiles(fileSystem), written);
      if (fileSystem.exists(target)) {
        rename(target, old);
      }
      rename(written, target);
    } catch (IOException | RuntimeException | FSError e) { // the latter: a full local disk
      deleteAfter(e, written);
      throw e;
    }
    fileSystem.delete(old, true);
  }

  private void deleteAfter(Throwable failure, Path partial) {
    try {
      fileSystem.delete(partial, true);
    } catch (IOException | RuntimeException e) {
      failure.addSuppressed(e);
    }
  }

  /** Removes what a killed run was writing; what it had moved away for that comes back. */
  void deleteStale() throws IOException {
    deleteMarks();
    for (Path parent : List.of(path, checkpoints())) {
      for (FileStatus file : fileSystem.listStatus(parent)) {
        Matcher hidden = HIDDEN.matcher(file.getPath().getName());
        if (!hidden.matches()) {
          continue;
        }
        Path target = new Path(parent, hidden.group(1));
        if (hidden.group(2).equals(OLD) && !fileSystem.exists(target)) {
          rename(file.getPath(), target);
        } else {
          fileSystem.delete(file.getPath(), true);
        }
      }
    }
  }

  private void rename(Path from, Path to) throws IOException {
    if (!fileSystem.rename(from, to)) {
      throw new IOException("cannot rename " + from + " to " + to);
    }
  }
}
