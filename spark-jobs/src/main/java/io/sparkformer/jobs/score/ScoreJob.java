package io.sparkformer.jobs.score;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.cluster.InputProgress;
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

  private final ScoreOptions request;
  private final SequenceClassificationModel classifier;

  public ScoreJob(ScoreOptions request, SequenceClassificationModel classifier) {
    this.request = request;
    this.classifier = classifier;
  }

  /**
   * Reads, scores and writes.
   *
   * @throws InvalidInputException for every mistake in the table, the model or the output; then the
   *     output is as it was before
   */
  public ScoreResult run(JavaSparkContext spark) throws Exception {
    long startNanos = System.nanoTime();
    SparkSession session = TableSession.open(spark, delta(request));
    String text = classifier.getOrDefault(classifier.inputCol());
    ScoreInput input = ScoreInput.open(session, request, text);
    ScoreOutput output = new ScoreOutput(request);
    output.check(session, input.roots());
    ScoringTally tally = new ScoringTally();
    Dataset<Row> scored = scored(spread(input.table(), spark), text, tally);
    TaskTime time = new TaskTime();
    spark.sc().addSparkListener(time);
    try (Progress progress =
        Progress.start("score", "kB", input.bytes() / InputProgress.UNIT_BYTES)) {
      InputProgress listener = new InputProgress(progress, "rows read", "rows scored");
      spark.sc().addSparkListener(listener);
      output.write(kept(scored, text), input.roots());
    } catch (Exception e) { // Spark's are checked, though its methods do not say so
      if (e instanceof AnalysisException analysis) {
        throw new InvalidInputException(
            String.format(
                "--output %s cannot be written as %s: %s",
                request.output(), request.outputFormat().option(), TableProblem.reasonOf(analysis)),
            e);
      }
      throw TableProblem.unreadableFile(e).map(Exception.class::cast).orElse(e);
    } finally {
      ExecutorModels.closeIdle();
    }
    return summary(tally.value(), time, (System.nanoTime() - startNanos) / 1e9);
  }

  private Dataset<Row> scored(Dataset<Row> table, String text, ScoringTally tally) {
    if (request.engine() == ScoreOptions.Engine.SPARKFORMER) {
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

  private static InputFormat delta(ScoreOptions request) {
    return request.outputFormat() == InputFormat.DELTA ? request.outputFormat() : request.format();
  }

  /** The rows in as many tasks as were asked for. */
  private Dataset<Row> spread(Dataset<Row> table, JavaSparkContext spark) {
    if (request.partitions().isPresent()) {
      return table.repartition(request.partitions().getAsInt());
    }
    if (request.format() == InputFormat.TABLE) {
      return table; // a view may have to be computed for what follows
    }
    int tasks = table.rdd().getNumPartitions();
    int slots = spark.defaultParallelism();
    if (tasks < slots) {
      LOG.warn(
          "{} is read by {} task(s), but there is room for {}: --partitions {} would use all (the order of rows changes)",
          String.join(" ", request.inputs()),
          tasks,
          slots,
          slots);
    }
    return table;
  }

  /** Without the text, if its column was not to be kept. */
  private Dataset<Row> kept(Dataset<Row> scored, String text) {
    List<String> columns = request.columns();
    return columns.isEmpty() || columns.contains(text) ? scored : scored.drop(text);
  }

  /** What tasks took and wrote, all together. */
  private static final class TaskTime extends SparkListener {
    private final AtomicLong millis = new AtomicLong();
    private final AtomicLong written = new AtomicLong();

    @Override
    public void onTaskEnd(SparkListenerTaskEnd taskEnd) {
      if (taskEnd.taskMetrics() != null) {
        millis.addAndGet(taskEnd.taskMetrics().executorRunTime());
        if (taskEnd.taskInfo().successful()) {
          written.addAndGet(taskEnd.taskMetrics().outputMetrics().recordsWritten());
        }
      }
    }
  }

  private ScoreResult summary(ScoringTally.Counts counts, TaskTime time, double seconds) {
    // Another engine counts nothing.
    long rows =
        request.engine() == ScoreOptions.Engine.SPARKFORMER ? counts.rows() : time.written.get();
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
        request.output());
  }
}
