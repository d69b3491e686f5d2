package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizers;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.jobs.cluster.CorpusPass;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.input.Source;
import io.sparkformer.jobs.input.Sources;
import io.sparkformer.jobs.input.TextSource.LargeDocuments;
import io.sparkformer.jobs.output.OutputDirectory;
import io.sparkformer.jobs.tokenize.TokenizeOptions.Duplicates;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A corpus to a token data set.
 *
 * <p>The corpus is cut into units, runs of documents that are about a shard's worth; a task reads a
 * unit and writes its shards by itself. So the driver never holds text or tokens, the files are the
 * same whatever the number of tasks and executors, and units that are complete outlive a killed
 * job. What depends on the whole corpus (characters, where validation begins, duplicates) is found
 * in a pass of its own before, if it is asked for.
 */
public final class TokenizeJob {

  private static final Logger LOG = LoggerFactory.getLogger(TokenizeJob.class);
  private static final String UNITS = ".units-";
  private static final String KEPT = "kept";

  /** What a token stands for, roughly; decides the units' grain alone. */
  private static final int BYTES_PER_TOKEN = 4;

  private final JavaSparkContext spark;
  private final TokenizeOptions options;
  private final Broadcast<SerializableConfiguration> configuration;

  public TokenizeJob(JavaSparkContext spark, TokenizeOptions options) {
    this.spark = spark;
    this.options = options;
    this.configuration =
        spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
  }

  /**
   * Makes the data set.
   *
   * @throws io.sparkformer.datasets.InvalidInputException for every mistake in the inputs, the
   *     output or their content; then the output is as it was before
   */
  public TokenizeResult run() throws Exception {
    long startNanos = System.nanoTime();
    Configuration hadoop = spark.hadoopConfiguration();
    Optional<Tokenizer> given =
        options.isCharacterLevel()
            ? Optional.empty()
            : Optional.of(Tokenizers.open(options.tokenizer(), hadoop));
    given.ifPresent(this::requireFit);
    Sources sources = Sources.open(spark, options.input(), largeDocuments(given), unitBytes(given));
    try (OutputDirectory output =
        OutputDirectory.prepare(
            options.output(),
            DatasetManifest.FILE_NAME,
            options.existing(),
            sources.roots(),
            hadoop)) {
      DatasetManifest manifest = write(sources.source(), given, output);
      output.commit();
      System.err.print(SplitTable.of(manifest));
      return summary(manifest, (System.nanoTime() - startNanos) / 1e9);
    }
  }

  private DatasetManifest write(Source source, Optional<Tokenizer> given, OutputDirectory output)
      throws Exception {
    require(
        options.duplicates() == Duplicates.KEPT || source.hasFixedOrder(),
        "--dedup exact needs rows in a fixed order, which %s has not, since its query shuffles: write its result as a table first",
        String.join(" ", options.input().inputs()));
    TokenizePlan plan = TokenizePlan.of(options, given, source);
    if (output.start(plan.json())) {
      LOG.info("{}: going on from what a killed job left", options.output());
    }
    output.whenLost(() -> spark.sc().cancelAllJobs());
    FinishedUnits units =
        new FinishedUnits(output, new Path(output.staging(), UNITS + plan.digest()));
    try {
      EncodeSettings settings = settings(source, given, output, units);
      encode(source, settings, units);
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

  private EncodeSettings settings(
      Source source, Optional<Tokenizer> given, OutputDirectory output, FinishedUnits units)
      throws Exception {
    String kept = kept(source, output);
    Optional<CorpusScan> scan =
        CorpusScan.isNeeded(options) ? Optional.of(scan(source, kept)) : Optional.empty();
    Tokenizer tokenizer = given.orElseGet(() -> CharTokenizer.of(scan.orElseThrow().vocabulary()));
    requireFit(tokenizer);
    ArrayList<String> labels =
        new ArrayList<>(
            options.input().labelColumn().isPresent() ? scan.orElseThrow().labels() : List.of());
    return new EncodeSettings(
        configuration,
        ExecutorTokenizer.of(tokenizer, spark),
        new SplitWriter.ShardLayout(dtype(tokenizer), TokenDtype.forVocabSize(labels.size())),
        units.directory().toString(),
        source.units(),
        kept,
        options.malformed(),
        options.endOfText(),
        rule(source, scan, kept),
        labels);
  }

  /** Where the first of equal documents are listed, if duplicates are to be dropped. */
  private String kept(Source source, OutputDirectory output) throws Exception {
    if (options.duplicates() == Duplicates.KEPT) {
      return "";
    }
    Path directory = new Path(output.staging(), KEPT);
    output.fileSystem().mkdirs(directory);
    watched(
        "find duplicates",
        source.bytes(),
        () -> {
          choice(source).writeFirstOfEqual(directory);
          return directory;
        });
    return directory.toString();
  }

  private CorpusScan scan(Source source, String kept) throws Exception {
    return watched(
        "scan",
        source.bytes(),
        () ->
            CorpusScan.merge(
                source
                    .map(
                        all(source),
                        new UnitScan.Task(
                            options.isCharacterLevel()
                                ? UnitScan.CodePoints.COLLECTED
                                : UnitScan.CodePoints.IGNORED,
                            options.malformed(),
                            kept,
                            configuration))
                    .collect()));
  }

  private SplitRule rule(Source source, Optional<CorpusScan> scan, String kept) throws Exception {
    double fraction = options.validFraction();
    return switch (options.split()) {
      case TokenizeOptions.HASH -> new SplitRule.Hash(fraction, options.seed());
      case TokenizeOptions.STRATIFIED ->
          SplitRule.Stratified.of(
              options.seed(),
              watched(
                  "count labels",
                  source.bytes(),
                  () -> choice(source).validBounds(fraction, options.seed(), kept)));
      default ->
          scan.map(found -> found.tail(fraction, cut()))
              .orElse(new SplitRule.Tail(source.units(), 0, cut()));
    };
  }

  private SplitRule.Cut cut() {
    boolean whole = options.input().labelColumn().isPresent() || options.shuffle().isPresent();
    return whole ? SplitRule.Cut.NOWHERE : SplitRule.Cut.ANYWHERE;
  }

  private void encode(Source source, EncodeSettings settings, FinishedUnits units)
      throws Exception {
    List<Integer> toDo = units.missing(source.units());
    long bytesDone = source.bytes() * (source.units() - toDo.size()) / source.units();
    watched(
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

  private <T> T watched(String what, long bytes, Supplier<T> work) throws Exception {
    return CorpusPass.watched(spark, what, bytes, work);
  }

  private DocumentSelection choice(Source source) {
    return new DocumentSelection(spark, source, options.malformed(), configuration);
  }

  private static List<Integer> all(Source source) {
    return IntStream.range(0, source.units()).boxed().toList();
  }

  private LargeDocuments largeDocuments(Optional<Tokenizer> given) {
    boolean inOrder =
        options.split().equals(TokenizeOptions.TAIL)
            && options.duplicates() == Duplicates.KEPT
            && options.shuffle().isEmpty();
    return inOrder && given.map(Tokenizer::canCut).orElse(true)
        ? LargeDocuments.CUT
        : LargeDocuments.WHOLE;
  }

  private long unitBytes(Optional<Tokenizer> given) {
    long tokens =
        options.shardBytes()
            / given.map(this::dtype).orElse(options.dtype().orElse(TokenDtype.UINT16)).byteWidth();
    return Math.max(1, tokens * (given.isPresent() ? BYTES_PER_TOKEN : 1));
  }

  private TokenDtype dtype(Tokenizer tokenizer) {
    return options.dtype().orElseGet(() -> TokenDtype.forVocabSize(tokenizer.vocabSize()));
  }

  private void requireFit(Tokenizer tokenizer) {
    TokenDtype dtype = dtype(tokenizer);
    require(
        tokenizer.vocabSize() - 1 <= dtype.maxToken(),
        "--dtype %s holds ids up to %d, but the tokenizer has %d tokens: use int32, or leave it out",
        dtype.label(),
        dtype.maxToken(),
        tokenizer.vocabSize());
  }

  private TokenizeResult summary(DatasetManifest manifest, double seconds) {
    DatasetManifest.Split train = manifest.splits().get(Side.TRAIN.label());
    DatasetManifest.Split valid = manifest.splits().get(Side.VALID.label());
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
