package io.sparkformer.jobs.vocabulary;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.tokenizer.BpeModel;
import io.sparkformer.datasets.tokenizer.BpeTokenizer;
import io.sparkformer.datasets.tokenizer.training.BpeTrainer;
import io.sparkformer.datasets.tokenizer.training.PretokenCounts;
import io.sparkformer.jobs.cluster.CorpusPass;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.jobs.cluster.Progress;
import io.sparkformer.jobs.input.Source;
import io.sparkformer.jobs.input.Sources;
import io.sparkformer.jobs.input.TextSource.LargeDocuments;
import io.sparkformer.jobs.output.TokenizerOutput;
import java.util.Iterator;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.HashPartitioner;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A corpus to a BPE vocabulary.
 *
 * <p>Tasks count the pre-tokens of their units, and parts of these counts, by hash, are added up on
 * the executors. The driver gets each distinct pre-token once, of too many only the frequent ones,
 * and learns from them: it never holds text, and its memory is bounded.
 */
final class TrainTokenizerJob {

  private static final Logger LOG = LoggerFactory.getLogger(TrainTokenizerJob.class);

  /** More parts would be smaller than what it takes to send them. */
  private static final int MAX_PARTS = 256;

  private final JavaSparkContext spark;
  private final TrainTokenizerOptions options;

  /** What the executors counted. */
  private record Counted(PretokenScan scan, PretokenCounts pretokens) {}

  TrainTokenizerJob(JavaSparkContext spark, TrainTokenizerOptions options) {
    this.spark = spark;
    this.options = options;
  }

  /**
   * Makes the tokenizer.
   *
   * @throws io.sparkformer.datasets.InvalidInputException for every mistake in the inputs, the
   *     output or their content; then the output is as it was before
   */
  TrainTokenizerResult run() throws Exception {
    long startNanos = System.nanoTime();
    Sources sources =
        Sources.open(
            spark, options.input(), options.malformed(), LargeDocuments.CUT, options.unitBytes());
    try (JobGroup group = JobGroup.begin(spark, "train-tokenizer");
        TokenizerOutput output =
            TokenizerOutput.prepare(
                options.output(),
                options.existing(),
                sources.roots(),
                spark.hadoopConfiguration())) {
      Counted counted = sources.read(spark.hadoopConfiguration(), source -> count(group, source));
      BpeModel model = train(counted.pretokens());
      BpeTokenizer tokenizer = BpeTokenizer.of(model);
      output.commit(tokenizer);
      return result(counted, model, tokenizer, (System.nanoTime() - startNanos) / 1e9);
    }
  }

  private Counted count(JobGroup group, Source source) throws Exception {
    int parts = Math.min(source.units(), MAX_PARTS);
    List<Integer> all = IntStream.range(0, source.units()).boxed().toList();
    PretokenPart.Task task =
        new PretokenPart.Task(options.settings().pretokenizer(), options.malformed(), parts);
    JavaRDD<PretokenPart> shuffled =
        source
            .map(all, task)
            .flatMapToPair(PretokenPart::numbered)
            .partitionBy(new HashPartitioner(parts))
            .values();
    PretokenScan scan =
        CorpusPass.watched(
            group,
            "count",
            source.bytes(),
            () -> PretokenScan.merge(shuffled.mapPartitions(TrainTokenizerJob::scan).collect()));
    require(
        scan.bytes() > 0,
        "the corpus has no text: every document of --input is empty or null, give some with text");
    if (scan.malformed() > 0) {
      LOG.warn(
          "{} malformed parts were read as U+FFFD; first {}",
          scan.malformed(),
          scan.firstMalformed());
    }
    return new Counted(scan, collect(shuffled, scan));
  }

  /** Spark still has what it shuffled: nothing is read or counted anew. */
  private PretokenCounts collect(JavaRDD<PretokenPart> shuffled, PretokenScan scan) {
    long minCount = scan.minCount(options.maxPretokens());
    PretokenCounts pretokens = new PretokenCounts();
    for (byte[] part : shuffled.mapPartitions(parts -> frequent(parts, minCount)).collect()) {
      pretokens.addSerialized(part);
    }
    if (pretokens.size() < scan.distinct()) {
      LOG.warn(
          "{} of {} distinct pre-tokens occur fewer than {} times and were left out: for all of them, pass --max-pretokens with a driver of enough memory",
          scan.distinct() - pretokens.size(),
          scan.distinct(),
          minCount);
    }
    return pretokens;
  }

  private static Iterator<PretokenScan> scan(Iterator<PretokenPart> parts) {
    return List.of(PretokenScan.of(parts)).iterator();
  }

  private static Iterator<byte[]> frequent(Iterator<PretokenPart> parts, long minCount) {
    return List.of(PretokenPart.sum(parts).atLeast(minCount).toBytes()).iterator();
  }

  private BpeModel train(PretokenCounts pretokens) {
    BpeTrainer.Settings settings = options.settings();
    int wanted = settings.vocabSize() - settings.leastVocabSize();
    BpeModel model;
    try (Progress progress = Progress.start("merge", "merges", wanted)) {
      model = BpeTrainer.train(pretokens, settings, learned -> progress.stepTo(learned, ""));
      progress.complete(model.merges().merged().length, ""); // there may be no more pairs
    }
    if (model.tokens().length < settings.vocabSize()) {
      LOG.warn(
          "the vocabulary has {} tokens instead of {}: no more pairs occur {} times; give more text, or a lower --min-count",
          model.tokens().length,
          settings.vocabSize(),
          settings.minPairCount());
    }
    return model;
  }

  private TrainTokenizerResult result(
      Counted counted, BpeModel model, BpeTokenizer tokenizer, double seconds) {
    PretokenScan scan = counted.scan();
    PretokenCounts pretokens = counted.pretokens();
    long tokens = pretokens.tokens(tokenizer);
    return new TrainTokenizerResult(
        scan.documents(),
        scan.bytes(),
        scan.malformed(),
        scan.distinct(),
        pretokens.size(),
        pretokens.ignored(),
        model.merges().merged().length,
        tokenizer.vocabSize(),
        tokens == 0 ? 0 : (double) pretokens.bytes() / tokens,
        seconds,
        options.output());
  }
}
