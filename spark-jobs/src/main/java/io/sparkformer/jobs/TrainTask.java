package io.sparkformer.jobs;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.TokenDataset;
import io.sparkformer.model.Kernels;
import io.sparkformer.train.Collective;
import io.sparkformer.train.RecipeFile;
import io.sparkformer.train.RunDirectory;
import io.sparkformer.train.TrainingRun;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction1;

/**
 * One rank of a training run, on an executor.
 *
 * <p>A user's mistake that only shows here is a result and no failure: Spark would report its stack
 * trace, and might try again.
 */
final class TrainTask extends AbstractFunction1<Iterator<Integer>, Iterator<TrainTask.Outcome>>
    implements Serializable {

  private static final long serialVersionUID = 1L;

  private final Broadcast<SerializableConfiguration> configuration;
  private final String recipe;
  private final String data;
  private final String output;
  private final RunDirectory.Mode mode;

  TrainTask(
      Broadcast<SerializableConfiguration> configuration,
      String recipe,
      String data,
      String output,
      RunDirectory.Mode mode) {
    this.configuration = configuration;
    this.recipe = recipe;
    this.data = data;
    this.output = output;
    this.mode = mode;
  }

  /**
   * What came of it.
   *
   * @param summary null if there was a mistake
   * @param mistake the message for the user, or null
   */
  record Outcome(TrainingRun.Summary summary, String mistake) implements Serializable {

    TrainingRun.Summary summaryOrThrow() {
      if (mistake != null) {
        throw new InvalidInputException(mistake);
      }
      return summary;
    }
  }

  @Override
  public Iterator<Outcome> apply(Iterator<Integer> partition) {
    return JavaConverters.asScalaIterator(List.of(outcome()).iterator());
  }

  private Outcome outcome() {
    try {
      return new Outcome(train(), null);
    } catch (IOException | RuntimeException e) {
      Optional<String> mistake = Failure.mistakeIn(e);
      if (mistake.isPresent()) {
        return new Outcome(null, mistake.get());
      }
      throw e instanceof IOException io
          ? new UncheckedIOException(io.getMessage(), io)
          : (RuntimeException) e;
    }
  }

  private TrainingRun.Summary train() throws IOException {
    Configuration hadoop = configuration.value().value();
    RecipeFile file = RecipeFile.parse(recipe, "the recipe");
    try (TokenDataset dataset = TokenDataset.open(hadoop, new Path(data))) {
      int threads = file.bind(dataset.manifest().vocabSize()).training().threads();
      Kernels.threads(threads > 0 ? threads : TaskThreads.ofThisTask());
      try (TrainingRun run =
          TrainingRun.open(
              file,
              dataset,
              RunDirectory.of(hadoop, new Path(output)),
              mode,
              Collective.single(),
              Device.cpu(),
              MetricsPlugin::send)) {
        return run.train();
      }
    }
  }
}
