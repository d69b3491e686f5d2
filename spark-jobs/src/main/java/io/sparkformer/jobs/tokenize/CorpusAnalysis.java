package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokenizer.Tokenizer;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.jobs.cluster.CorpusPass;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.jobs.input.Source;
import io.sparkformer.jobs.output.OutputDirectory;
import io.sparkformer.jobs.tokenize.TokenizeOptions.Duplicates;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What must be known of the whole corpus before its units can be encoded, each found in a pass of
 * its own if it is asked for: which documents are duplicates, what characters and labels there are,
 * where validation begins.
 */
final class CorpusAnalysis {

  private static final String KEPT = "kept";

  private final JavaSparkContext spark;
  private final JobGroup group;
  private final TokenizeOptions options;
  private final Source source;
  private final Broadcast<SerializableConfiguration> configuration;

  CorpusAnalysis(JavaSparkContext spark, JobGroup group, TokenizeOptions options, Source source) {
    this.spark = spark;
    this.group = group;
    this.options = options;
    this.source = source;
    this.configuration =
        spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
  }

  /**
   * What all units are encoded with.
   *
   * @param given the tokenizer; if empty, one of the corpus's characters is made
   */
  EncodeSettings settings(Optional<Tokenizer> given, OutputDirectory output, FinishedUnits units)
      throws Exception {
    String kept = kept(output);
    Optional<CorpusScan> scan =
        CorpusScan.isNeeded(options) ? Optional.of(scan(kept)) : Optional.empty();
    Tokenizer tokenizer = given.orElseGet(() -> CharTokenizer.of(scan.orElseThrow().vocabulary()));
    TokenDtype dtype = options.dtypeOf(tokenizer);
    ArrayList<String> labels =
        new ArrayList<>(
            options.input().labelColumn().isPresent() ? scan.orElseThrow().labels() : List.of());
    return new EncodeSettings(
        configuration,
        ExecutorTokenizer.of(tokenizer, spark),
        new SplitWriter.ShardLayout(dtype, TokenDtype.forVocabSize(labels.size())),
        units.directory().toString(),
        source.units(),
        kept,
        options.malformed(),
        options.endOfText(),
        rule(scan, kept),
        labels);
  }

  /** Where the first of equal documents are listed, if duplicates are to be dropped. */
  private String kept(OutputDirectory output) throws Exception {
    if (options.duplicates() == Duplicates.KEPT) {
      return "";
    }
    Path directory = new Path(output.staging(), KEPT);
    output.fileSystem().mkdirs(directory);
    watched(
        "find duplicates",
        () -> {
          selection().writeFirstOfEqual(directory);
          return directory;
        });
    return directory.toString();
  }

  private CorpusScan scan(String kept) throws Exception {
    UnitScan.Task task =
        new UnitScan.Task(
            options.isCharacterLevel()
                ? UnitScan.CodePoints.COLLECTED
                : UnitScan.CodePoints.IGNORED,
            options.malformed(),
            kept,
            configuration);
    List<Integer> all = IntStream.range(0, source.units()).boxed().toList();
    return watched("scan", () -> CorpusScan.merge(source.map(all, task).collect()));
  }

  private SplitRule rule(Optional<CorpusScan> scan, String kept) throws Exception {
    double fraction = options.validFraction();
    return switch (options.split()) {
      case HASH -> new SplitRule.Hash(fraction, options.seed());
      case STRATIFIED ->
          SplitRule.Stratified.of(
              options.seed(),
              watched(
                  "count labels", () -> selection().validBounds(fraction, options.seed(), kept)));
      case TAIL ->
          scan.map(found -> found.tail(fraction, cut()))
              .orElse(new SplitRule.Tail(source.units(), 0, cut()));
    };
  }

  private SplitRule.Cut cut() {
    boolean whole = options.input().labelColumn().isPresent() || options.shuffle().isPresent();
    return whole ? SplitRule.Cut.NOWHERE : SplitRule.Cut.ANYWHERE;
  }

  private DocumentSelection selection() {
    return new DocumentSelection(spark, source, options.malformed(), configuration);
  }

  private <T> T watched(String what, Supplier<T> work) throws Exception {
    return CorpusPass.watched(group, what, source.bytes(), work);
  }
}
