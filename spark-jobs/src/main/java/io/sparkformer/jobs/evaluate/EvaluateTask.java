package io.sparkformer.jobs.evaluate;

import static io.sparkformer.datasets.InvalidInputException.require;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.sample.SequentialBatches;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.jobs.cluster.TaskThreads;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Head;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.run.Evaluation;
import java.io.IOException;
import java.io.Serializable;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.executor.InputMetrics;
import org.apache.spark.util.SerializableConfiguration;

/** Evaluates a model, on an executor. */
record EvaluateTask(Broadcast<SerializableConfiguration> configuration)
    implements Function<EvaluateOptions, EvaluateTask.Outcome> {

  /** Logits of a batch, the largest arrays of an evaluation, take no more. */
  private static final long LOGITS_BYTES = 256L << 20;

  /** The result, or the user's mistake: as an exception it would be tried again. */
  sealed interface Outcome extends Serializable permits Done, Mistake {}

  record Done(Evaluation.Result result) implements Outcome {}

  record Mistake(String message) implements Outcome {}

  @Override
  public Outcome call(EvaluateOptions options) throws IOException {
    Configuration hadoop = configuration.value().value();
    try (TokenDataset data = TokenDataset.open(hadoop, Storage.path(options.data()))) {
      ModelDirectory directory = ModelDirectory.open(hadoop, Storage.path(options.model()));
      SequentialBatches batches = batches(data, directory, options);
      List<String> labels = directory.labels();
      requireSame(labels, data, options);
      Kernels.threads(TaskThreads.ofThisTask());
      try (Gpt model = directory.load(Precision.FP32, Device.cpu())) {
        InputMetrics read = TaskContext.get().taskMetrics().inputMetrics();
        long bytes = data.manifest().splits().get(options.split()).bytes();
        return new Done(
            Evaluation.of(
                model,
                batches,
                labels,
                done -> {
                  read.setBytesRead((long) ((double) bytes * done / batches.batches()));
                  read.incRecordsRead(1);
                }));
      }
    } catch (InvalidInputException e) {
      return new Mistake(e.getMessage());
    }
  }

  private static SequentialBatches batches(
      TokenDataset data, ModelDirectory directory, EvaluateOptions options) throws IOException {
    ModelConfig config = directory.config();
    int positions =
        config.head().kind() == Head.Kind.SEQUENCE_CLASSIFICATION ? 1 : config.contextLength();
    long rowBytes = (long) Float.BYTES * positions * config.numClasses();
    long rows = Math.max(1, Math.min(options.batchSize(), LOGITS_BYTES / rowBytes));
    return SequentialBatches.over(
        Evaluation.samples(
            config, data, options.split(), options.sampleFormat(directory.reading())),
        (int) rows);
  }

  /** Labels that are only in another order would give nonsense. */
  private static void requireSame(List<String> labels, TokenDataset data, EvaluateOptions options) {
    require(
        labels.isEmpty() || labels.equals(data.manifest().labels()),
        "%s has the labels %s, the model %s: evaluate it with data of its own labels",
        options.data(),
        String.join(", ", data.manifest().labels()),
        String.join(", ", labels));
  }
}
