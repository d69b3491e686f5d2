package io.sparkformer.jobs.dataset;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.DatasetManifest.Skipped;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.cluster.CorpusPass;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.jobs.output.ExistingOutput;
import io.sparkformer.jobs.output.OutputDirectory;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Puts data sets together without looking into their tokens: shards are copied under new numbers, a
 * Spark task for each.
 */
final class DatasetMergeJob {

  /** A data set that is merged. */
  private record Part(Path directory, DatasetManifest manifest) {}

  private final JavaSparkContext spark;
  private final List<Part> parts;

  private DatasetMergeJob(JavaSparkContext spark, List<Part> parts) {
    this.spark = spark;
    this.parts = parts;
  }

  /**
   * Makes the data set.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if a data set is none, is damaged, or was
   *     made with another tokenizer; then the output is as it was before
   */
  static DatasetMergeResult run(
      JavaSparkContext spark, List<Path> data, String output, ExistingOutput existing)
      throws Exception {
    require(data.size() > 1, "--data names one data set: give two or more");
    Configuration hadoop = spark.hadoopConfiguration();
    List<Part> parts = new ArrayList<>();
    for (Path given : data) {
      FileSystem fileSystem = Storage.fileSystem(given, hadoop);
      Path directory = fileSystem.makeQualified(given);
      parts.add(new Part(directory, DatasetManifest.read(fileSystem, directory)));
    }
    parts.forEach(DatasetMergeJob::requireAligned);
    parts.forEach(part -> requireSame(parts.get(0), part));
    try (JobGroup group = JobGroup.begin(spark, "dataset-merge");
        OutputDirectory directory =
            OutputDirectory.prepare(
                output,
                DatasetManifest.FILE_NAME,
                existing,
                parts.stream().map(Part::directory).toList(),
                hadoop)) {
      directory.startAfresh(); // copies are cheap
      directory.whenLost(group::cancel);
      DatasetManifest manifest = new DatasetMergeJob(spark, parts).write(group, directory);
      directory.commit();
      return result(parts.size(), manifest, output);
    }
  }

  /** Behind a part that misses a label, all others would have the label of another text. */
  private static void requireAligned(Part part) {
    part.manifest()
        .splits()
        .forEach(
            (name, split) ->
                require(
                    part.manifest().labels().isEmpty()
                        || split.labelSequences() == split.sequences(),
                    "%s: split '%s' has %d sequences of labels for %d of text: make the data set again",
                    Storage.shown(part.directory()),
                    name,
                    split.labelSequences(),
                    split.sequences()));
  }

  private static void requireSame(Part first, Part other) {
    DatasetManifest a = first.manifest();
    DatasetManifest b = other.manifest();
    require(
        a.tokenizer().fingerprint().equals(b.tokenizer().fingerprint()),
        "%s and %s were made with different tokenizers (%d tokens, fingerprint %.12s; %d, %.12s):"
            + " make one of them again with the other's tokenizer",
        Storage.shown(first.directory()),
        Storage.shown(other.directory()),
        a.vocabSize(),
        a.tokenizer().fingerprint(),
        b.vocabSize(),
        b.tokenizer().fingerprint());
    require(
        a.dtype() == b.dtype() && a.vocabSize() == b.vocabSize(),
        "%s stores %d tokens as %s, %s %d as %s: make one of them again as the other is",
        Storage.shown(first.directory()),
        a.vocabSize(),
        a.dtype().label(),
        Storage.shown(other.directory()),
        b.vocabSize(),
        b.dtype().label());
    require(
        a.labels().equals(b.labels()),
        "%s has the labels %s, %s has %s: make one of them again with the other's",
        Storage.shown(first.directory()),
        a.labels(),
        Storage.shown(other.directory()),
        b.labels());
  }

  private DatasetManifest write(JobGroup group, OutputDirectory output) throws Exception {
    List<CopyTask.Copy> copies = new ArrayList<>();
    SortedMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    for (Part part : parts) {
      part.manifest()
          .splits()
          .keySet()
          .forEach(name -> splits.computeIfAbsent(name, n -> split(n, copies)));
    }
    copy(group, copies, output);
    Path first = parts.get(0).directory();
    Tokenizers.read(Storage.fileSystem(first, spark.hadoopConfiguration()), first)
        .write(output.fileSystem(), output.staging());
    DatasetManifest manifest = manifest(splits);
    manifest.write(output.fileSystem(), output.staging());
    return manifest;
  }

  private void copy(JobGroup group, List<CopyTask.Copy> copies, OutputDirectory output)
      throws Exception {
    CopyTask task =
        new CopyTask(
            spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration())),
            output.staging().toString());
    CorpusPass.watched(
        group,
        "merge",
        copies.stream().mapToLong(copy -> copy.file().bytes()).sum(),
        "files",
        () -> {
          spark.parallelize(copies, Math.max(1, copies.size())).foreach(task);
          return copies.size();
        });
  }

  /** One split of all parts that have it; adds the copies that make it. */
  private DatasetManifest.Split split(SplitName name, List<CopyTask.Copy> copies) {
    List<DatasetManifest.Split> splits =
        parts.stream()
            .map(part -> part.manifest().splits().get(name))
            .filter(Objects::nonNull)
            .toList();
    Map<String, Long> totals =
        splits.stream()
            .flatMap(split -> Shard.of(split).stream())
            .collect(Collectors.groupingBy(Shard::prefix, Collectors.counting()));
    Map<String, Integer> next = new HashMap<>();
    List<ShardFile> files = new ArrayList<>();
    List<ShardFile> labelFiles = new ArrayList<>();
    for (Part part : parts) {
      DatasetManifest.Split split = part.manifest().splits().get(name);
      for (Shard shard : split == null ? List.<Shard>of() : Shard.of(split)) {
        int number = next.merge(shard.prefix(), 1, Integer::sum) - 1;
        String stem =
            "%s-%05d-of-%05d".formatted(shard.prefix(), number, totals.get(shard.prefix()));
        for (ShardFile file : shard.files()) {
          ShardFile renamed = file.named(stem);
          (shard.isOfLabels() ? labelFiles : files).add(renamed);
          copies.add(new CopyTask.Copy(part.directory() + "/" + file.name(), renamed));
        }
      }
    }
    return new DatasetManifest.Split(
        splits.stream().mapToLong(DatasetManifest.Split::tokens).sum(),
        splits.stream().mapToLong(DatasetManifest.Split::documents).sum(),
        splits.stream().mapToLong(DatasetManifest.Split::characters).sum(),
        splits.stream().mapToLong(DatasetManifest.Split::bytes).sum(),
        files,
        labelFiles);
  }

  /** What the parts' manifests say, put together. */
  private DatasetManifest manifest(SortedMap<SplitName, DatasetManifest.Split> splits) {
    List<DatasetManifest> all = parts.stream().map(Part::manifest).toList();
    DatasetManifest first = all.get(0);
    return new DatasetManifest(
        DatasetManifest.FORMAT_VERSION,
        first.tokenizer(),
        first.vocabSize(),
        first.dtype(),
        first.labels(),
        all.stream().mapToLong(DatasetManifest::documents).sum(),
        all.stream().mapToLong(DatasetManifest::malformedReplaced).sum(),
        all.stream().map(DatasetManifest::skipped).reduce(Skipped.NONE, Skipped::plus),
        splits,
        all.stream().flatMap(manifest -> manifest.sources().stream()).toList(),
        options(all));
  }

  /** Options that differ are listed as they are, in the order of the parts. */
  private static SortedMap<String, String> options(List<DatasetManifest> all) {
    SortedMap<String, Set<String>> values = new TreeMap<>();
    for (DatasetManifest manifest : all) {
      manifest
          .options()
          .forEach((k, v) -> values.computeIfAbsent(k, key -> new LinkedHashSet<>()).add(v));
    }
    SortedMap<String, String> options = new TreeMap<>();
    values.forEach((name, distinct) -> options.put(name, String.join(", ", distinct)));
    return options;
  }

  private static DatasetMergeResult result(int merged, DatasetManifest manifest, String output) {
    SortedMap<SplitName, Long> tokens = new TreeMap<>();
    manifest.splits().forEach((name, split) -> tokens.put(name, split.tokens()));
    long bytes =
        manifest.splits().values().stream()
            .flatMap(split -> split.allFiles().stream())
            .mapToLong(ShardFile::bytes)
            .sum();
    return new DatasetMergeResult(merged, tokens, bytes, output);
  }
}
