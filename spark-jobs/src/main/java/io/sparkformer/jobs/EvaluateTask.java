package io.sparkformer.jobs;

import ai.djl.Device;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.TokenDataset;
import io.sparkformer.datasets.sample.SequentialWindows;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.ModelConfig;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.Precision;
import io.sparkformer.train.Evaluation;
import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.function.Function;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/** Evaluates a model, on an executor. */
record EvaluateTask(Broadcast<SerializableConfiguration> configuration)
    implements Function<EvaluateRequest, EvaluateTask.Outcome> {

  /** Logits of a batch of windows, the largest arrays of an evaluation, take no more. */
  private static final long LOGITS_BYTES = 256L << 20;

  /** The result, or the user's mistake: as an exception it would be tried again. */
  sealed interface Outcome extends Serializable permits Done, Mistake {}

  record Done(Evaluation.Result result) implements Outcome {}

  record Mistake(String message) implements Outcome {}

  @Override
  public Outcome call(EvaluateRequest request) throws IOException {
    Configuration hadoop = configuration.value().value();
    try (TokenDataset data = TokenDataset.open(hadoop, Storage.path(request.data()))) {
      ModelDirectory directory = ModelDirectory.open(hadoop, Storage.path(request.model()));
      SequentialWindows windows = windows(data, directory.config(), request);
      Kernels.threads(TaskThreads.ofThisTask());
      try (Gpt model = directory.load(Precision.FP32, Device.cpu())) {
        return new Done(Evaluation.of(model, windows, batches -> {}));
      }
    } catch (InvalidInputException e) {
      return new Mistake(e.getMessage());
    }
  }

  private static SequentialWindows windows(
      TokenDataset data, ModelConfig config, EvaluateRequest request) throws IOException {
    long windowBytes = (long) Float.BYTES * config.contextLength() * config.vocabSize();
    long rows = Math.max(1, Math.min(request.batchSize(), LOGITS_BYTES / windowBytes));
    return SequentialWindows.over(data.split(request.split()), (int) rows, config.contextLength());
  }
}
