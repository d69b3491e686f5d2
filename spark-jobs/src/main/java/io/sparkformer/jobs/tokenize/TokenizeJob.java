package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.jobs.cluster.CorpusPass;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.jobs.input.Source;
import io.sparkformer.jobs.input.Sources;
import io.sparkformer.jobs.input.TextSource.LargeDocuments;
import io.sparkformer.jobs.output.OutputDirectory;
import io.sparkformer.jobs.tokenize.TokenizeOptions.Duplicates;
import java.util.List;
import java.util.Optional;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A corpus to a token data set.
 *
 * <p>The corpus is cut into units, runs of documents that are about a shard's worth; a task reads a
 * unit and writes its shards by itself. So the driver never holds text or tokens, the files are the
 * same whatever the number of tasks and executors, and units that are complete outlive a killed
 * job. What depends on the whole corpus is found before, by {@link CorpusAnalysis}.
 */
public final class TokenizeJob {

  private static final Logger LOG = LoggerFactory.getLogger(TokenizeJob.class);
  private static final String UNITS = ".units-";

  /** What a token stands for, roughly; decides the units' grain alone. */
  private static final int BYTES_PER_TOKEN = 4;

  private final JavaSparkContext spark;
  private final TokenizeOptions options;

  public TokenizeJob(JavaSparkContext spark, TokenizeOptions options) {
    this.spark = spark;
    this.options = options;
  }

  /**
   * Makes the data set.
   *
   * @throws io.sparkformer.datasets.InvalidInputException for every mistake in the inputs, the
   *     output or their content; then the output is as it was before
   */
  public TokenizeResult run() throws Exception {
    try (JobGroup group = JobGroup.begin(spark, "tokenize")) {
      return run(group);
    }
  }

  private TokenizeResult run(JobGroup group) throws Exception {
    long startNanos = System.nanoTime();
    Configuration hadoop = spark.hadoopConfiguration();
    Optional<Tokenizer> given =
        options.isCharacterLevel()
            ? Optional.empty()
            : Optional.of(Tokenizers.open(options.tokenizer(), hadoop));
    given.ifPresent(options::dtypeOf); // so that a mistake is said at once
    Sources sources =
        Sources.open(
            spark, options.input(), options.malformed(), largeDocuments(given), unitBytes(given));
    try (OutputDirectory output =
        OutputDirectory.prepare(
            options.output(),
            DatasetManifest.FILE_NAME,
            options.existing(),
            sources.roots(),
            hadoop)) {
      output.whenLost(group::cancel);
      DatasetManifest manifest = write(group, sources, given, output);
      output.commit();
      System.err.print(SplitTable.of(manifest));
      return result(manifest, (System.nanoTime() - startNanos) / 1e9);
    }
  }

  private DatasetManifest write(
      JobGroup group, Sources sources, Optional<Tokenizer> given, OutputDirectory output)
      throws Exception {
    Source source = sources.source();
    require(
        options.duplicates() == Duplicates.KEPT || source.hasFixedOrder(),
        "--dedup exact needs rows in a fixed order, which %s has not, since its query shuffles: write its result as a table first",
        String.join(" ", options.input().inputs()));
    TokenizePlan plan = TokenizePlan.of(options, given, source);
    if (output.start(plan.json())) {
      LOG.info("{}: going on from what a killed job left", options.output());
    }
    FinishedUnits units =
        new FinishedUnits(output, new Path(output.staging(), UNITS + plan.digest()));
    try {
      EncodeSettings settings =
          sources.read(
              spark.hadoopConfiguration(), all -> encoded(group, all, given, output, units));
      output.requireHeld();
      return new DatasetAssembly(options, source, settings, units).commit();
    } catch (Exception e) {
      if (Failure.mistakeIn(e).isEmpty() && !units.find(source.units()).isEmpty()) {
        output.keep();
        LOG.warn("finished shards are kept: the same command goes on from there");
      }
      throw e;
    }
  }

  private EncodeSettings encoded(
      JobGroup group,
      Source source,
      Optional<Tokenizer> given,
      OutputDirectory output,
      FinishedUnits units)
      throws Exception {
    EncodeSettings settings =
        new CorpusAnalysis(spark, group, options, source).settings(given, output, units);
    encode(group, source, settings, units);
    return settings;
  }

  private void encode(JobGroup group, Source source, EncodeSettings settings, FinishedUnits units)
      throws Exception {
    List<Integer> toDo = units.missing(source.units());
    long bytesDone = source.bytes() * (source.units() - toDo.size()) / source.units();
    CorpusPass.watched(
        group,
        "tokenize",
        source.bytes() - bytesDone,
        () -> {
          JavaRDD<UnitResult> results =
              options.shuffle().isPresent()
                  ? ShuffledUnits.write(source, settings, options.shuffle().getAsLong(), toDo)
                  : source.map(toDo, new EncodeTask(settings));
          return toDo.isEmpty() ? 0 : results.count();
        });
  }

  private LargeDocuments largeDocuments(Optional<Tokenizer> given) {
    boolean inOrder =
        options.split() == SplitMethod.TAIL
            && options.duplicates() == Duplicates.KEPT
            && options.shuffle().isEmpty();
    return inOrder && given.map(Tokenizer::canCut).orElse(true)
        ? LargeDocuments.CUT
        : LargeDocuments.WHOLE;
  }

  private long unitBytes(Optional<Tokenizer> given) {
    long tokens =
        options.shardBytes()
            / given
                .map(options::dtypeOf)
                .orElse(options.dtype().orElse(TokenDtype.UINT16))
                .byteWidth();
    return Math.max(1, tokens * (given.isPresent() ? BYTES_PER_TOKEN : 1));
  }

  private TokenizeResult result(DatasetManifest manifest, double seconds) {
    DatasetManifest.Split train = manifest.splits().get(SplitName.TRAIN);
    DatasetManifest.Split valid = manifest.splits().get(SplitName.VALID);
    long tokens = train.tokens() + valid.tokens();
    long bytes = train.bytes() + valid.bytes();
    return new TokenizeResult(
        manifest.documents(),
        tokens,
        train.tokens(),
        valid.tokens(),
        bytes,
        tokens == 0 ? 0 : (double) bytes / tokens,
        manifest.skipped().nullDocuments(),
        manifest.skipped().emptyDocuments(),
        manifest.skipped().duplicateDocuments(),
        manifest.malformedReplaced(),
        seconds,
        manifest.vocabSize(),
        manifest.labels().size(),
        (train.files().size() + valid.files().size()) / 2,
        options.output());
  }
}
