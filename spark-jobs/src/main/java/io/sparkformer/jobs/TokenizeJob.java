package io.sparkformer.jobs;

import io.sparkformer.datasets.DatasetManifest;
import io.sparkformer.datasets.shard.ShardFile;
import io.sparkformer.datasets.shard.TokenDtype;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Text files to a token data set, in two passes over the corpus.
 *
 * <p>The first finds the vocabulary and how many tokens each chunk has; from that the driver knows
 * every shard's place in the token stream, so that in the second each task writes one shard by
 * itself. The driver never holds text or tokens, and the files are the same whatever the number of
 * tasks, executors and chunks.
 */
final class TokenizeJob {

  private static final Logger LOG = LoggerFactory.getLogger(TokenizeJob.class);

  private final JavaSparkContext spark;
  private final TokenizeOptions options;

  TokenizeJob(JavaSparkContext spark, TokenizeOptions options) {
    this.spark = spark;
    this.options = options;
  }

  /**
   * Makes the data set.
   *
   * @throws io.sparkformer.datasets.InvalidInputException for every mistake in the inputs, the
   *     output or their content; then the output is as it was before
   */
  TokenizeSummary run() throws IOException {
    long startNanos = System.nanoTime();
    Configuration hadoop = spark.hadoopConfiguration();
    Corpus corpus = Corpus.find(options.inputs(), hadoop);
    DatasetManifest manifest;
    try (OutputDirectory output =
        OutputDirectory.prepare(
            options.output(),
            DatasetManifest.FILE_NAME,
            options.existing(),
            corpus.roots(),
            hadoop)) {
      manifest = write(corpus, output);
      output.commit();
    }
    return summary(corpus, manifest, (System.nanoTime() - startNanos) / 1e9);
  }

  private DatasetManifest write(Corpus corpus, OutputDirectory output) throws IOException {
    try (Progress progress =
        Progress.start("tokenize", "kB", 2 * corpus.bytes() / InputProgress.UNIT_BYTES)) {
      InputProgress listener = new InputProgress(progress);
      spark.sc().addSparkListener(listener);
      try {
        return write(
            corpus,
            output,
            spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration())));
      } finally {
        spark.sc().removeSparkListener(listener);
      }
    }
  }

  private DatasetManifest write(
      Corpus corpus, OutputDirectory output, Broadcast<SerializableConfiguration> configuration)
      throws IOException {
    CorpusScan scan =
        CorpusScan.of(
            spark, configuration, corpus.chunks(options.chunkBytes()), options.malformed());
    if (scan.malformed() > 0) {
      LOG.warn("{} malformed parts were read as U+FFFD", scan.malformed());
    }
    CharTokenizer tokenizer = CharTokenizer.of(scan.vocabulary());
    TokenDtype dtype = TokenDtype.forVocabSize(tokenizer.vocabSize());
    long tokens = scan.codePoints();
    long trainTokens = ShardPlan.trainTokens(tokens, options.validFraction());
    List<ShardPlan> train =
        ShardPlan.of("train", scan, 0, trainTokens, dtype, options.shardBytes());
    List<ShardPlan> valid =
        ShardPlan.of("valid", scan, trainTokens, tokens, dtype, options.shardBytes());

    List<ShardPlan> plans = new ArrayList<>(train);
    plans.addAll(valid);
    String directory = output.staging().toString();
    EncodeTask task =
        new EncodeTask(configuration, spark.broadcast(scan.vocabulary()), dtype, directory);
    List<List<ShardFile>> written = spark.parallelize(plans, plans.size()).map(task).collect();

    tokenizer.write(output.fileSystem(), output.staging());
    SortedMap<String, DatasetManifest.Split> splits = new TreeMap<>();
    splits.put("train", split(train, written.subList(0, train.size())));
    splits.put("valid", split(valid, written.subList(train.size(), written.size())));
    DatasetManifest manifest = manifest(corpus, scan, tokenizer, dtype, splits);
    manifest.write(output.fileSystem(), output.staging());
    return manifest;
  }

  private DatasetManifest manifest(
      Corpus corpus,
      CorpusScan scan,
      CharTokenizer tokenizer,
      TokenDtype dtype,
      SortedMap<String, DatasetManifest.Split> splits) {
    return new DatasetManifest(
        DatasetManifest.FORMAT_VERSION,
        new DatasetManifest.TokenizerFile(CharTokenizer.FILE_NAME, tokenizer.fingerprint()),
        tokenizer.vocabSize(),
        dtype,
        scan.malformed(),
        splits,
        corpus.files().stream()
            .map(file -> new DatasetManifest.Source(file.path(), file.bytes()))
            .toList(),
        options.recorded());
  }

  private static DatasetManifest.Split split(List<ShardPlan> plans, List<List<ShardFile>> written) {
    long tokens =
        plans.stream().flatMap(p -> p.parts().stream()).mapToLong(ShardPlan.Part::take).sum();
    long documents = documents(plans);
    // A character is a token.
    return new DatasetManifest.Split(
        tokens, documents, tokens, written.stream().flatMap(List::stream).toList());
  }

  private static long documents(List<ShardPlan> plans) {
    return plans.stream()
        .flatMap(p -> p.parts().stream())
        .map(part -> part.chunk().path())
        .distinct()
        .count();
  }

  private TokenizeSummary summary(Corpus corpus, DatasetManifest manifest, double seconds) {
    long trainTokens = manifest.splits().get("train").tokens();
    long validTokens = manifest.splits().get("valid").tokens();
    return new TokenizeSummary(
        corpus.files().stream().filter(file -> file.bytes() > 0).count(),
        trainTokens + validTokens,
        trainTokens,
        validTokens,
        corpus.bytes(),
        seconds,
        manifest.vocabSize(),
        manifest.malformedReplaced(),
        options.output());
  }
}
