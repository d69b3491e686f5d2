package io.sparkformer.jobs.dataset;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.jobs.cluster.CorpusPass;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.jobs.dataset.DatasetVerifyResult.BadFile;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/** Checks a whole data set, a Spark task for each shard. */
final class DatasetVerifyJob {

  private DatasetVerifyJob() {}

  /**
   * Checks all that the manifest names.
   *
   * @throws InvalidInputException if there is no manifest, or it contradicts itself
   */
  static DatasetVerifyResult run(JavaSparkContext spark, Path directory) throws Exception {
    FileSystem fileSystem = Storage.fileSystem(directory, spark.hadoopConfiguration());
    DatasetManifest manifest = DatasetManifest.read(fileSystem, directory);
    List<Shard> shards =
        manifest.splits().values().stream().flatMap(split -> Shard.of(split).stream()).toList();
    long bytes = shards.stream().flatMap(s -> s.files().stream()).mapToLong(ShardFile::bytes).sum();

    List<BadFile> bad = new ArrayList<>(tokenizerProblem(fileSystem, directory, manifest));
    if (!shards.isEmpty()) {
      VerifyTask task =
          new VerifyTask(
              spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration())),
              fileSystem.makeQualified(directory).toString(),
              manifest.dtype(),
              manifest.vocabSize());
      VerifyTask ofLabels = task.ofLabels(manifest.labels().size());
      try (JobGroup group = JobGroup.begin(spark, "dataset-verify")) {
        CorpusPass.watched(
                group,
                "verify",
                bytes,
                () ->
                    spark
                        .parallelize(shards, shards.size())
                        .map(shard -> (shard.isOfLabels() ? ofLabels : task).call(shard))
                        .collect())
            .forEach(bad::addAll);
      }
    }
    int files = 1 + shards.stream().mapToInt(s -> s.files().size()).sum();
    return new DatasetVerifyResult(bad.isEmpty(), files, bytes, bad);
  }

  private static List<BadFile> tokenizerProblem(
      FileSystem fileSystem, Path directory, DatasetManifest manifest) throws IOException {
    try {
      Tokenizer tokenizer = Tokenizers.read(fileSystem, directory);
      if (tokenizer.vocabSize() == manifest.vocabSize()
          && tokenizer.isOf(manifest.tokenizer().fingerprint())) {
        return List.of();
      }
      return List.of(
          new BadFile(
              manifest.tokenizer().file(),
              "is not the tokenizer that the data set was made with (%d tokens, fingerprint %.12s where %d, %.12s are recorded)"
                  .formatted(
                      tokenizer.vocabSize(),
                      tokenizer.fingerprint(),
                      manifest.vocabSize(),
                      manifest.tokenizer().fingerprint())));
    } catch (InvalidInputException e) {
      return List.of(new BadFile(manifest.tokenizer().file(), e.getMessage()));
    }
  }
}
