package io.sparkformer.jobs.score;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.cluster.InputProgress;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.jobs.cluster.Progress;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.TableProblem;
import io.sparkformer.jobs.input.TableSession;
import io.sparkformer.ml.ExecutorModels;
import io.sparkformer.ml.ScoringTally;
import io.sparkformer.ml.SequenceClassificationModel;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.apache.spark.sql.AnalysisException;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Adds to a table what a classifier says of its texts. */
public final class ScoreJob {

  private static final Logger LOG = LoggerFactory.getLogger(ScoreJob.class);

  private final ScoreOptions options;
  private final SequenceClassificationModel classifier;

  public ScoreJob(ScoreOptions options, SequenceClassificationModel classifier) {
    this.options = options;
    this.classifier = classifier;
  }

  /**
   * Reads, scores and writes.
   *
   * @throws InvalidInputException for every mistake in the table, the model or the output; then the
   *     output is as it was before
   */
  public ScoreResult run(JavaSparkContext spark) throws Exception {
    try (JobGroup group = JobGroup.begin(spark, "score")) {
      return run(spark, group);
    }
  }

  private ScoreResult run(JavaSparkContext spark, JobGroup group) throws Exception {
    long startNanos = System.nanoTime();
    SparkSession session = TableSession.open(spark, delta(options));
    String text = classifier.getOrDefault(classifier.inputCol());
    ScoreInput input = ScoreInput.open(session, options, text);
    ScoreOutput output = new ScoreOutput(options, group);
    output.check(session, input.roots());
    ScoringTally tally = new ScoringTally();
    Dataset<Row> scored = scored(spread(input.table(), spark), text, tally);
    TaskTime time = new TaskTime(group);
    group.listen(time);
    try (Progress progress =
        Progress.start("score", "kB", input.bytes() / InputProgress.UNIT_BYTES)) {
      InputProgress listener = new InputProgress(progress, group, "rows read", "rows scored");
      group.listen(listener);
      try {
        output.write(kept(scored, text), input.roots());
        listener.complete();
      } finally {
        group.forget(listener); // before the bar is closed
      }
    } catch (Exception e) { // Spark's are checked, though its methods do not say so
      if (e instanceof AnalysisException analysis) {
        throw new InvalidInputException(
            String.format(
                "--output %s cannot be written as %s: %s",
                options.output(), options.outputFormat().option(), TableProblem.reasonOf(analysis)),
            e);
      }
      throw TableProblem.unreadableFile(e).map(Exception.class::cast).orElse(e);
    } finally {
      ExecutorModels.closeIdle();
    }
    return result(tally.value(), time, (System.nanoTime() - startNanos) / 1e9);
  }

  private Dataset<Row> scored(Dataset<Row> table, String text, ScoringTally tally) {
    if (options.engine() == ScoreOptions.Engine.SPARKFORMER) {
      return classifier.transform(table, tally);
    }
    classifier.transformSchema(table.schema());
    return DjlSparkEngine.classify(
        table,
        text,
        classifier.getOrDefault(classifier.outputCol()),
        classifier.getOrDefault(classifier.modelPath()),
        (Integer) classifier.getOrDefault(classifier.topK()),
        (Integer) classifier.getOrDefault(classifier.batchSize()));
  }

  private static InputFormat delta(ScoreOptions options) {
    return options.outputFormat() == InputFormat.DELTA ? options.outputFormat() : options.format();
  }

  /** The rows in as many tasks as were asked for. */
  private Dataset<Row> spread(Dataset<Row> table, JavaSparkContext spark) {
    if (options.partitions().isPresent()) {
      return table.repartition(options.partitions().getAsInt());
    }
    if (options.format() == InputFormat.TABLE) {
      return table; // a view may have to be computed for what follows
    }
    int tasks = table.rdd().getNumPartitions();
    int slots = spark.defaultParallelism();
    if (tasks < slots) {
      LOG.warn(
          "{} is read by {} task(s), but there is room for {}: --partitions {} would use all (the order of rows changes)",
          String.join(" ", options.inputs()),
          tasks,
          slots,
          slots);
    }
    return table;
  }

  /** Without the text, if its column was not to be kept. */
  private Dataset<Row> kept(Dataset<Row> scored, String text) {
    List<String> columns = options.columns();
    return columns.isEmpty() || columns.contains(text) ? scored : scored.drop(text);
  }

  /** What tasks took and wrote, all together. */
  private static final class TaskTime extends SparkListener {
    private final JobGroup group;
    private final AtomicLong millis = new AtomicLong();
    private final AtomicLong written = new AtomicLong();

    TaskTime(JobGroup group) {
      this.group = group;
    }

    @Override
    public void onTaskEnd(SparkListenerTaskEnd taskEnd) {
      if (taskEnd.taskMetrics() != null && group.hasStage(taskEnd.stageId())) {
        millis.addAndGet(taskEnd.taskMetrics().executorRunTime());
        if (taskEnd.taskInfo().successful()) {
          written.addAndGet(taskEnd.taskMetrics().outputMetrics().recordsWritten());
        }
      }
    }
  }

  private ScoreResult result(ScoringTally.Counts counts, TaskTime time, double seconds) {
    // Another engine counts nothing.
    long rows =
        options.engine() == ScoreOptions.Engine.SPARKFORMER ? counts.rows() : time.written.get();
    return new ScoreResult(
        rows,
        counts.errors(),
        counts.outcomes(),
        counts.tokens(),
        counts.slots() == 0 ? 0 : 1 - (double) counts.tokens() / counts.slots(),
        counts.loads(),
        rows / seconds,
        counts.readNanos() / 1e9,
        counts.runNanos() / 1e9,
        time.millis.get() / 1e3,
        seconds,
        classifier.getOrDefault(classifier.modelPath()),
        options.output());
  }
}
