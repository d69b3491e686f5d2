package io.sparkformer.run;

import ai.djl.Device;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.evaluation.EvaluationRecord;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.recipe.RecipeFile;
import io.sparkformer.recipe.SampleFormat;
import io.sparkformer.run.AsyncCheckpointWriter.Part;
import io.sparkformer.train.Optimizer;
import java.io.Closeable;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The first rank's part of a run: what is read from and written to its output. */
public final class Checkpointer implements Closeable {

  private static final Logger LOG = LoggerFactory.getLogger(Checkpointer.class);

  private final OwnedOutput output;
  private final RunDirectory.Mode mode;
  private final String runId;
  private final Duration longestWait;
  private final Consumer<TrainingEvent> listener;
  private CheckpointStore checkpoints;
  private List<Metric> earlier = List.of();
  private boolean own;
  private boolean continues;
  private AsyncCheckpointWriter writer;

  /**
   * Keeps a run in a directory().
   *
   * @param mode what to do about an output that is there, unless this run made it
   * @param runId the same in every attempt of one run, and in no other
   * @param owner asked before anything that is stored changes
   * @param longestWait how long a step may wait for storage before what is due is skipped
   * @param listener told what happens in the run
   */
  public Checkpointer(
      RunDirectory directory,
      RunDirectory.Mode mode,
      String runId,
      Ownership owner,
      Duration longestWait,
      Consumer<TrainingEvent> listener) {
    this.output = new OwnedOutput(directory, owner);
    this.mode = mode;
    this.runId = runId;
    this.longestWait = longestWait;
    this.listener = listener;
  }

  /**
   * Finds what the run goes on from, and loads it; changes nothing that is stored.
   *
   * @param now the run as it would start
   * @param data that it is trained on
   * @return the state to go on from, if there is one
   * @throws io.sparkformer.datasets.InvalidInputException if the output does not fit the mode or is
   *     another run's
   */
  Optional<RunState> restore(
      RecipeFile recipe, RunState now, DatasetManifest data, Gpt model, Optimizer optimizer)
      throws IOException {
    Recipe bound = recipe.bind(DataShape.of(data));
    checkpoints = new CheckpointStore(output, recipe.yaml(), bound.checkpoint().keep());
    own = directory().runId().equals(Optional.of(runId));
    if (!own && !directory().isBegunBy(runId)) {
      directory().check(mode);
    }
    continues = own || mode.resumes();
    if (!continues) {
      return Optional.empty();
    }
    Optional<CheckpointStore.Found> newest = checkpoints.newest();
    if (newest.isEmpty() && mode.resumes()) {
      throw checkpoints.nothingToResume();
    }
    if (newest.isPresent()) {
      CheckpointStore.Found found = newest.get();
      found.state().requireContinuedBy(now, directory().path());
      if (!own) { // else it is the same recipe
        ChangedRecipe changed =
            new ChangedRecipe(found.recipe().bind(DataShape.of(data)), bound, found.state().step());
        changed.requireAllowed(mode, directory().path());
      }
      checkpoints.load(found, model, optimizer);
      earlier = found.metrics();
      LOG.info("resuming from {}", Storage.shown(found.path()));
    }
    return newest.map(CheckpointStore.Found::state);
  }

  /** Whether the checkpoint that the run goes on from was written after its step's evaluation. */
  boolean hasEvaluationOf(long step) {
    return earlier.stream()
        .anyMatch(metric -> metric.event() == Metric.Event.EVALUATION && metric.step() == step);
  }

  /** Makes the output ready to be written. */
  void begin(RecipeFile recipe, Recipe.OnFailure onFailure) throws IOException {
    if (continues) {
      output.deleteStale();
      if (!own) { // else it is there, and a kill in the middle of writing it would lose whose it is
        output.writeRecipe(recipe.yaml(), directory().runId().orElse(runId));
      }
    } else {
      output.create(recipe.yaml(), runId);
    }
    writer =
        new AsyncCheckpointWriter(
            output,
            checkpoints,
            MetricsLog.create(directory().fileSystem(), directory().path(), earlier),
            TensorBoardLog.create(directory().fileSystem(), directory().path(), earlier),
            listener,
            onFailure,
            longestWait);
  }

  /**
   * Throws what has gone wrong in writing so far.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if a failed checkpoint is to stop the run
   */
  void check() throws IOException {
    writer.check();
  }

  void record(Metric metric) throws IOException {
    writer.append(metric);
    listener.accept(new TrainingEvent.Logged(metric));
  }

  void tell(TrainingEvent event) {
    listener.accept(event);
  }

  /** Where everything is kept. */
  RunDirectory directory() {
    return output.run();
  }

  /** Whether there is room for a snapshot of what is due at a step; a warning says if not. */
  boolean awaitRoom(long step, Set<Part> due) throws IOException {
    return writer.awaitRoom(step, due);
  }

  /** Writes a snapshot for which there is room, beside training. */
  void keep(RunState state, Snapshot snapshot, Set<Part> due) {
    writer.save(state, snapshot, due);
  }

  /** Waits until everything is written. */
  void await() throws IOException {
    writer.await();
  }

  /**
   * Writes what the best model makes of the data, for people to see; a failure is a warning.
   *
   * @param format how its splits become rows
   * @param device to do it on
   */
  void show(TokenDataset data, SampleFormat format, Device device) {
    try (Gpt model =
        ModelDirectory.at(directory().fileSystem(), directory().best())
            .load(Precision.FP32, device)) {
      output.owner().require();
      long step = EvaluationRecord.read(directory().fileSystem(), directory().best()).step();
      ShowcaseMaker.of(model, data, format, step)
          .write(directory().fileSystem(), directory().path());
    } catch (IOException | RuntimeException e) {
      LOG.warn("no samples of the best model: {}", e.toString());
    }
  }

  @Override
  public void close() throws IOException {
    if (writer != null) {
      writer.close();
    }
  }
}
