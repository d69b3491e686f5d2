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
              manifest.vocabSize(),
              VerifyTask.Ids.TOKENS);
      VerifyTask ofLabels = task.ofLabels(manifest.labels().size());
      try (JobGroup group = JobGroup.begin(spark, "dataset-verify")) {
        CorpusPass.watched(
                group,
                "verify",
                bytes,
                "files",
                () ->
                    spark
                        .parallelize(shards, shards.size())
                        .map(shard -> (shard.isOfLabels() ? ofLabels : task).call(shard))
                        .collect())
            .forEach(bad::addAll);
      }
    }
    if (bad.isEmpty()) {
      bad.addAll(misaligned(spark, fileSystem.makeQualified(directory), manifest));
    }
    int files = 1 + shards.stream().mapToInt(s -> s.files().size()).sum();
    return new DatasetVerifyResult(bad.isEmpty(), files, bytes, bad);
  }

  /** Labels that are not their texts', though each file is as recorded. */
  private static List<BadFile> misaligned(
      JavaSparkContext spark, Path directory, DatasetManifest manifest) {
    List<BadFile> bad = new ArrayList<>();
    List<AlignmentTask.Pair> pairs = new ArrayList<>();
    manifest
        .splits()
        .forEach(
            (name, split) -> {
              List<Shard> text = Shard.of(split.files());
              List<Shard> labels = Shard.of(split.labelFiles());
              if (labels.size() == text.size()) {
                pairs.addAll(AlignmentTask.Pair.of(text, labels));
              } else if (!manifest.labels().isEmpty() || !labels.isEmpty()) {
                bad.add(
                    new BadFile(
                        DatasetManifest.FILE_NAME,
                        "split '%s' has %d shards of labels for %d of text: make the data set again"
                            .formatted(name, labels.size(), text.size())));
              }
            });
    if (!pairs.isEmpty()) {
      AlignmentTask task =
          new AlignmentTask(
              spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration())),
              directory.toString());
      spark.parallelize(pairs, pairs.size()).map(task).collect().forEach(bad::addAll);
    }
    return bad;
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
