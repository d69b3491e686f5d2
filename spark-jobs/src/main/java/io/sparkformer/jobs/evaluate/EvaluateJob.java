package io.sparkformer.jobs.evaluate;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.jobs.cluster.CorpusPass;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.model.ModelDirectory;
import io.sparkformer.model.ProblemType;
import io.sparkformer.run.Evaluation;
import java.io.IOException;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
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
   * @throws InvalidInputException if the model or the data set is missing or damaged, if their
   *     vocabularies differ, or if the model does not choose one label
   */
  static EvaluateJob prepare(EvaluateOptions options, Configuration hadoop) throws IOException {
    ModelDirectory model = ModelDirectory.open(hadoop, Storage.path(options.model()));
    Path data = Storage.path(options.data());
    FileSystem files = Storage.fileSystem(data, hadoop);
    DatasetManifest manifest = DatasetManifest.read(files, data);
    Vocabularies.requireSame(model, manifest, files, data);
    Vocabularies.requireSameReading(model, manifest, files, data);
    require(
        model.problem() == ProblemType.SINGLE_LABEL_CLASSIFICATION,
        "the problem_type of %s is %s, but a data set has one label for each text: give a labelled table with --input",
        options.model(),
        model.problem().key());
    return new EvaluateJob(options, manifest);
  }

  /**
   * Evaluates.
   *
   * @throws InvalidInputException if the split is missing, too short or altered, or the model's
   *     weights are not those of its config
   */
  EvaluateResult run(JavaSparkContext spark) throws Exception {
    long startNanos = System.nanoTime();
    Broadcast<SerializableConfiguration> configuration =
        spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
    EvaluateTask task = new EvaluateTask(configuration);
    EvaluateTask.Outcome outcome;
    try (JobGroup group = JobGroup.begin(spark, "evaluate")) {
      outcome =
          CorpusPass.watched(
              group,
              "evaluate",
              splitBytes(),
              "batches",
              () -> spark.parallelize(List.of(options), 1).map(task).first());
    }
    if (outcome instanceof EvaluateTask.Mistake mistake) {
      throw new InvalidInputException(mistake.message());
    }
    Evaluation.Result result = ((EvaluateTask.Done) outcome).result();
    return result(result, (System.nanoTime() - startNanos) / 1e9);
  }

  /** What is read of it; the task says so if there is no such split. */
  private long splitBytes() {
    DatasetManifest.Split split = manifest.splits().get(options.split());
    return split == null ? 0 : split.bytes();
  }

  private EvaluateResult result(Evaluation.Result result, double seconds) {
    DatasetManifest.Split split = manifest.splits().get(options.split());
    double tokensPerCharacter = (double) split.tokens() / split.characters();
    Figures figures =
        result.confusion().labels().isEmpty()
            ? new Figures.OfTokens(
                result.loss(),
                result.accuracy(),
                result.perplexity(),
                result.bitsPerToken() * tokensPerCharacter)
            : Figures.OfClasses.of(result.loss(), result.confusion());
    figures.text().ifPresent(text -> LOG.info("\n{}", text));
    return new EvaluateResult(
        figures, result.targets(), null, options.split(), options.model(), options.data(), seconds);
  }
}
