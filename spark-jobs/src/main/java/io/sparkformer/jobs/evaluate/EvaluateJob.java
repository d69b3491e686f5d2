package io.sparkformer.jobs.evaluate;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.run.Evaluation;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Predicts a whole split with a model, in one task on one executor. */
final class EvaluateJob {

  private static final Logger LOG = LoggerFactory.getLogger(EvaluateJob.class);

  private final EvaluateOptions options;
  private final DatasetManifest manifest;

  private EvaluateJob(EvaluateOptions options, DatasetManifest manifest) {
    this.options = options;
    this.manifest = manifest;
  }

  /**
   * Checks what can be checked before Spark starts.
   *
   * @throws InvalidInputException if the model or the data set is missing or damaged, or if their
   *     vocabularies differ
   */
  static EvaluateJob prepare(EvaluateOptions options, Configuration hadoop) throws IOException {
    ModelDirectory model = ModelDirectory.open(hadoop, Storage.path(options.model()));
    Path data = Storage.path(options.data());
    DatasetManifest manifest = DatasetManifest.read(Storage.fileSystem(data, hadoop), data);
    Vocabularies.requireSame(model, manifest, data);
    return new EvaluateJob(options, manifest);
  }

  /**
   * Evaluates.
   *
   * @throws InvalidInputException if the split is missing, too short or altered, or the model's
   *     weights are not those of its config
   */
  EvaluateResult run(JavaSparkContext spark) {
    long startNanos = System.nanoTime();
    Broadcast<SerializableConfiguration> configuration =
        spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
    EvaluateTask task = new EvaluateTask(configuration);
    EvaluateTask.Outcome outcome = spark.parallelize(List.of(options), 1).map(task).first();
    if (outcome instanceof EvaluateTask.Mistake mistake) {
      throw new InvalidInputException(mistake.message());
    }
    Evaluation.Result result = ((EvaluateTask.Done) outcome).result();
    return result(result, (System.nanoTime() - startNanos) / 1e9);
  }

  private EvaluateResult result(Evaluation.Result result, double seconds) {
    DatasetManifest.Split split = manifest.splits().get(options.split());
    double tokensPerCharacter = (double) split.tokens() / split.characters();
    boolean classifier = !result.confusion().labels().isEmpty();
    if (classifier) {
      LOG.info("\n{}\n{}", result.report().text(), result.confusion().text());
    }
    return new EvaluateResult(
        result.loss(),
        result.accuracy(),
        classifier ? null : (Double) result.perplexity(),
        classifier ? null : (Double) (result.bitsPerToken() * tokensPerCharacter),
        result.targets(),
        classifier ? result.report() : null,
        classifier ? result.confusion() : null,
        null,
        options.split(),
        options.model(),
        options.data(),
        seconds);
  }
}
