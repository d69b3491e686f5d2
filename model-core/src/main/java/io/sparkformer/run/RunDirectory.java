package io.sparkformer.run;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.evaluation.Showcase;
import io.sparkformer.model.ModelDirectory;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
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

  /** By which best/ and last/ are whole. */
  static final String MODEL_MARKER = ModelDirectory.CONFIG;

  public static final String LOSSES = "loss.png";
  public static final String RATES = "learning-rate.png";
  public static final String REPORT = "report.html";
  private static final String RUN_LINE = "# run ";
  private static final String BEGUN = ".begun.";
  private static final Pattern CHECKPOINT =
      Pattern.compile(CheckpointStore.PREFIX + "([0-9]{1,18})");

  /** What to do about an output that is there. */
  public enum Mode {
    /** Refuse it. */
    START,
    /** Delete it, if a training run made it. */
    OVERWRITE,
    /** Go on from its newest checkpoint, by a recipe from which the same follows. */
    RESUME,
    /** Go on from it, whatever the recipe changes. */
    RESUME_CHANGED;

    public boolean resumes() {
      return this == RESUME || this == RESUME_CHANGED;
    }
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
      case START -> {
        require(
            !exists || hasCheckpoint() || !isTrainingOutput(),
            "%s exists, of a run that ended before its first checkpoint: give --overwrite to start it again, or"
                + " another --output",
            Storage.shown(path));
        require(
            !exists,
            "%s exists: give another --output, --resume to go on with it, or --overwrite to replace it",
            Storage.shown(path));
      }
      case OVERWRITE ->
          require(
              !exists || isEmpty() || isTrainingOutput(),
              "%s is not a training output, so --overwrite does not delete it: give another --output",
              Storage.shown(path));
      case RESUME, RESUME_CHANGED -> {
        require(
            exists,
            "nothing to resume: there is no %s: check --output, or leave --resume away to start",
            Storage.shown(path));
        require(
            fileSystem.exists(checkpoints()),
            "nothing to resume: %s has no checkpoints: check --output%s",
            Storage.shown(path),
            isTrainingOutput() ? ", or give --overwrite in place of --resume to start again" : "");
      }
    }
  }

  private boolean hasCheckpoint() throws IOException {
    return fileSystem.exists(checkpoints())
        && Arrays.stream(fileSystem.listStatus(checkpoints()))
            .anyMatch(file -> file.getPath().getName().startsWith(CheckpointStore.PREFIX));
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
  List<Path> marks() throws IOException {
    return Arrays.stream(fileSystem.listStatus(path))
        .map(FileStatus::getPath)
        .filter(file -> file.getName().startsWith(BEGUN))
        .toList();
  }

  Path mark(String runId) {
    return new Path(path, BEGUN + runId);
  }

  /**
   * Whether an attempt of this run was allowed to make this output, and did not come to the end.
   */
  boolean isBegunBy(String runId) throws IOException {
    return fileSystem.exists(mark(runId));
  }

  /** The run whose attempt finished {@link OwnedOutput#create} here, if one did. */
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

  /** recipe.yaml's text, which names the run. */
  static String recipeOf(String runId, String recipe) {
    return RUN_LINE + runId + "\n" + recipe;
  }

  /** What a run writes here. */
  List<Path> own() {
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

  /**
   * Removes what killed processes were writing, and brings back what they had moved away for it.
   *
   * @param owner whether this is the caller's to do
   */
  public void tidy(Ownership owner) throws IOException {
    if (fileSystem.exists(checkpoints())) {
      new OwnedOutput(this, owner).deleteStale();
    }
  }

  /** The last step of the newest checkpoint that was written to its end, if there is one. */
  public OptionalLong newestStep() throws IOException {
    if (!fileSystem.exists(checkpoints())) {
      return OptionalLong.empty();
    }
    long newest = -1;
    for (FileStatus checkpoint : fileSystem.listStatus(checkpoints())) {
      Matcher step = CHECKPOINT.matcher(checkpoint.getPath().getName());
      if (step.matches()
          && fileSystem.exists(new Path(checkpoint.getPath(), CheckpointStore.DONE))) {
        newest = Math.max(newest, Long.parseLong(step.group(1)));
      }
    }
    return newest < 0 ? OptionalLong.empty() : OptionalLong.of(newest);
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
}
