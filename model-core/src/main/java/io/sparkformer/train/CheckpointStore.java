package io.sparkformer.train;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Sha256;
import io.sparkformer.datasets.Storage;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.SafeTensors;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The checkpoints of a run: {@code step-00000500/} with the model directory's files,
 * optimizer.safetensors, metrics.jsonl, state.json and, written last, DONE with the size and
 * SHA-256 of each of the others. Written under a hidden name and renamed.
 */
final class CheckpointStore {

  private static final Logger LOG = LoggerFactory.getLogger(CheckpointStore.class);
  private static final ObjectMapper JSON =
      JsonMapper.builder().propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE).build();

  private static final String PREFIX = "step-";
  private static final String OPTIMIZER = "optimizer.safetensors";
  private static final String STATE = "state.json";
  private static final String DONE = "DONE";
  private static final int COPY_BYTES = 1 << 20;

  private final RunDirectory run;
  private final int keep;

  CheckpointStore(RunDirectory run, int keep) {
    this.run = run;
    this.keep = keep;
  }

  /** A checkpoint that was found whole. */
  record Found(Path path, RunState state, List<Metric> metrics) {}

  private record FileSum(long bytes, String sha256) {}

  /** Writes one and deletes those that are too many. */
  void write(RunState state, RunDirectory.Content model, AdamW optimizer, MetricsLog metrics)
      throws IOException {
    FileSystem fileSystem = run.fileSystem();
    Path target =
        new Path(run.checkpoints(), String.format(Locale.ROOT, PREFIX + "%08d", state.step()));
    run.replace(
        target,
        directory -> {
          model.write(directory);
          SafeTensors.write(fileSystem, new Path(directory, OPTIMIZER), optimizer.state());
          metrics.copyTo(fileSystem, directory);
          writeJson(new Path(directory, STATE), state);
          Map<String, FileSum> sums = new TreeMap<>();
          for (FileStatus file : fileSystem.listStatus(directory)) {
            sums.put(file.getPath().getName(), sum(file.getPath()));
          }
          writeJson(new Path(directory, DONE), sums);
        });
    tidy(target);
  }

  /**
   * Leaves the newest ones up to the one just written. What is above it was damaged, or this run
   * would have begun there.
   */
  private void tidy(Path written) throws IOException {
    FileSystem fileSystem = run.fileSystem();
    List<Path> all = newestFirst();
    int newest = all.indexOf(written);
    for (int i = 0; i < all.size(); i++) {
      if (i < newest || i >= newest + keep) {
        fileSystem.delete(all.get(i), true);
      }
    }
    for (FileStatus file : fileSystem.listStatus(run.checkpoints())) {
      if (file.getPath().getName().startsWith("." + PREFIX)) {
        fileSystem.delete(file.getPath(), true); // of a run that was killed as it wrote
      }
    }
  }

  /**
   * The newest whole checkpoint; damaged ones are passed over with a warning.
   *
   * @throws InvalidInputException if there is none
   */
  Found newest() throws IOException {
    for (Path path : newestFirst()) {
      Optional<String> damage = damage(path);
      if (damage.isEmpty()) {
        try (InputStream in = run.fileSystem().open(new Path(path, STATE))) {
          RunState state = JSON.readValue(in, RunState.class);
          return new Found(path, state, MetricsLog.read(run.fileSystem(), path));
        }
      }
      LOG.warn("{} is damaged ({}): trying the one before", Storage.shown(path), damage.get());
    }
    throw new InvalidInputException(
        String.format(
            "nothing to resume: %s has no whole checkpoint: leave --resume away and give --overwrite to start again",
            Storage.shown(run.path())));
  }

  /** Copies weights and moments of a checkpoint into a model and its optimizer. */
  void load(Found found, Gpt model, AdamW optimizer) throws IOException {
    for (Map.Entry<String, Map<String, ai.djl.ndarray.NDArray>> part :
        Map.of(ModelDirectory.WEIGHTS, model.weights(), OPTIMIZER, optimizer.state()).entrySet()) {
      Path file = new Path(found.path(), part.getKey());
      SafeTensors.copyInto(part.getValue(), SafeTensors.read(run.fileSystem(), file), file);
    }
  }

  private List<Path> newestFirst() throws IOException {
    FileStatus[] all = run.fileSystem().listStatus(run.checkpoints());
    return Arrays.stream(all)
        .map(FileStatus::getPath)
        .filter(path -> path.getName().startsWith(PREFIX))
        .sorted(Comparator.comparing(Path::getName).reversed())
        .toList();
  }

  /** What is wrong with a checkpoint, if anything. */
  private Optional<String> damage(Path path) throws IOException {
    Path done = new Path(path, DONE);
    if (!run.fileSystem().exists(done)) {
      return Optional.of("no " + DONE);
    }
    try (InputStream in = run.fileSystem().open(done)) {
      Map<String, FileSum> sums =
          JSON.readValue(
              in,
              JSON.getTypeFactory().constructMapType(TreeMap.class, String.class, FileSum.class));
      for (Map.Entry<String, FileSum> file : sums.entrySet()) {
        if (!sum(new Path(path, file.getKey())).equals(file.getValue())) {
          return Optional.of(file.getKey() + " is not what was written");
        }
      }
      return sums.containsKey(STATE) ? Optional.empty() : Optional.of("no " + STATE);
    } catch (IOException | IllegalArgumentException e) { // the latter: an altered name is no path
      return String.valueOf(e.getMessage()).lines().findFirst();
    }
  }

  private FileSum sum(Path file) throws IOException {
    MessageDigest digest = Sha256.digest();
    byte[] chunk = new byte[COPY_BYTES];
    long bytes = 0;
    try (InputStream in = run.fileSystem().open(file)) {
      for (int n = in.read(chunk); n >= 0; n = in.read(chunk)) {
        digest.update(chunk, 0, n);
        bytes += n;
      }
    }
    return new FileSum(bytes, HexFormat.of().formatHex(digest.digest()));
  }

  private void writeJson(Path file, Object value) throws IOException {
    try (OutputStream out = run.fileSystem().create(file, true)) {
      out.write(JSON.writerWithDefaultPrettyPrinter().writeValueAsBytes(value));
      out.write('\n');
    }
  }
}
