package io.sparkformer.run;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.WholeFile;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.run.ChecksummedFiles.FileSum;
import io.sparkformer.safetensors.SafeTensors;
import io.sparkformer.train.Optimizer;
import java.io.CharConversionException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a run: {@code step-00000500/} with the model directory's files,
 * optimizer.safetensors, metrics.jsonl, recipe.yaml, state.json and, written last, DONE with the
 * size and SHA-256 of each of the others. Written under a hidden name and renamed.
 */
final class CheckpointStore {

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
  private static final ObjectMapper JSON =
      JsonMapper.builder()
          .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
          .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES) // earlier builds have more
          .build();

  static final String PREFIX = "step-";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String STATE = "state.json";
  static final String DONE = "DONE";

  private final OwnedOutput output;
  private final RunDirectory run;
  private final String recipe;
  private final int keep;
  private final Set<String> damaged = new HashSet<>();
  private Path newestWhole;

  /**
   * Keeps checkpoints of a run.
   *
   * @param recipe the YAML that it is run by
   * @param keep the newest ones that stay
   */
  CheckpointStore(OwnedOutput output, String recipe, int keep) {
    this.output = output;
    this.run = output.run();
    this.recipe = recipe;
    this.keep = keep;
  }

  /**
   * A checkpoint that was found whole.
   *
   * @param recipe that it was written by
   */
  record Found(Path path, RunState state, RecipeFile recipe, List<Metric> metrics) {}

  /**
   * Writes one and deletes those that are too many.
   *
   * @return where it is
   */
  Path write(RunState state, Snapshot snapshot, MetricsLog metrics) throws IOException {
    Path target =
        new Path(run.checkpoints(), String.format(Locale.ROOT, PREFIX + "%08d", state.step()));
    output.replace(
        target,
        DONE,
        (files, directory) -> {
          snapshot.writeModel(files, directory);
          snapshot.writeOptimizer(files, new Path(directory, OPTIMIZER));
          metrics.copyTo(files, directory);
          try (OutputStream out = files.create(new Path(directory, RunDirectory.RECIPE), true)) {
            out.write(recipe.getBytes(StandardCharsets.UTF_8));
          }
          writeJson(files, new Path(directory, STATE), state);
          writeJson(files, new Path(directory, DONE), files.sums());
        });
    newestWhole = target;
    damaged.remove(target.getName());
    tidy(target);
    return target;
  }

  /**
   * Deletes damaged ones and those that are too old. One above that is whole is none of this run's:
   * a run that took this one for dead may have written it.
   */
  private void tidy(Path written) throws IOException {
    for (String name : damaged) {
      Path path = new Path(run.checkpoints(), name);
      if (damage(path).isPresent()) { // still
        output.delete(path, DONE);
      }
    }
    damaged.clear();
    List<Path> upToIt =
        newestFirst().stream()
            .filter(path -> path.getName().compareTo(written.getName()) <= 0)
            .toList();
    for (Path path : upToIt.subList(Math.min(keep, upToIt.size()), upToIt.size())) {
      output.delete(path, DONE);
    }
  }

  /** The newest whole checkpoint, if there is one; damaged ones are passed over with a warning. */
  Optional<Found> newest() throws IOException {
    for (Path path : newestFirst()) {
      Optional<String> damage = damage(path);
      if (damage.isEmpty()) {
        newestWhole = path;
        return Optional.of(found(path));
      }
      damaged.add(path.getName());
      LOG.warn("{} is damaged ({}): trying the one before", Storage.shown(path), damage.get());
    }
    return Optional.empty();
  }

  private Found found(Path path) throws IOException {
    return new Found(
        path,
        state(run.fileSystem(), path),
        RecipeFile.read(run.fileSystem(), new Path(path, RunDirectory.RECIPE)),
        MetricsLog.read(run.fileSystem(), path));
  }

  /**
   * Reads what a checkpoint knows.
   *
   * @throws InvalidInputException if it is not what a run writes
   */
  static RunState state(FileSystem fileSystem, Path checkpoint) throws IOException {
    Path file = new Path(checkpoint, STATE);
    try {
      RunState state = JSON.readValue(WholeFile.read(fileSystem, file), RunState.class);
      if (state != null) {
        return state;
      }
      throw noState(file, "null", null);
    } catch (JsonProcessingException | CharConversionException e) {
      throw noState(file, Reason.of(e), e);
    }
  }

  private static InvalidInputException noState(Path file, String reason, IOException cause) {
    return new InvalidInputException(
        String.format(
            "%s is not what a training run writes (%s): delete %s to go on from the checkpoint before it",
            Storage.shown(file), reason, Storage.shown(file.getParent())),
        cause);
  }

  /** What to say where {@link #newest} found none and one was asked for. */
  InvalidInputException nothingToResume() {
    return new InvalidInputException(
        String.format(
            "nothing to resume: %s has no whole checkpoint: leave --resume away and give --overwrite to start again",
            Storage.shown(run.path())));
  }

  /** The newest that this run wrote or began with. */
  Optional<Path> newestWhole() {
    return Optional.ofNullable(newestWhole);
  }

  /** Copies weights and moments of a checkpoint into a model and its optimizer. */
  void load(Found found, Gpt model, Optimizer optimizer) throws IOException {
    ModelDirectory.at(run.fileSystem(), found.path()).copyInto(model.weights());
    Path moments = new Path(found.path(), OPTIMIZER);
    SafeTensors.copyInto(
        run.fileSystem(), optimizer.state(), SafeTensors.read(run.fileSystem(), moments), moments);
  }

  private List<Path> newestFirst() throws IOException {
    if (!run.fileSystem().exists(run.checkpoints())) {
      return List.of();
    }
    return Arrays.stream(run.fileSystem().listStatus(run.checkpoints()))
        .map(FileStatus::getPath)
        .filter(path -> path.getName().startsWith(PREFIX))
        .sorted(Comparator.comparing(Path::getName).reversed())
        .toList();
  }

  /** What is wrong with a checkpoint, if anything. */
  Optional<String> damage(Path path) throws IOException {
    Path done = new Path(path, DONE);
    if (!run.fileSystem().exists(done)) {
      return Optional.of("no " + DONE);
    }
    try {
      Map<String, FileSum> sums =
          JSON.readValue(
              WholeFile.read(run.fileSystem(), done),
              JSON.getTypeFactory().constructMapType(TreeMap.class, String.class, FileSum.class));
      if (sums == null) {
        return Optional.of(DONE + " is null");
      }
      for (Map.Entry<String, FileSum> file : sums.entrySet()) {
        if (!FileSum.of(run.fileSystem(), new Path(path, file.getKey())).equals(file.getValue())) {
          return Optional.of(file.getKey() + " is not what was written");
        }
      }
      return sums.containsKey(STATE) ? Optional.empty() : Optional.of("no " + STATE);
    } catch (IOException | IllegalArgumentException e) { // the latter: an altered name is no path
      return Optional.of(Reason.of(e));
    }
  }

  private static void writeJson(FileSystem files, Path file, Object value) throws IOException {
    try (OutputStream out = files.create(file, true)) {
      out.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(value));
      out.write('\n');
    }
  }
}
