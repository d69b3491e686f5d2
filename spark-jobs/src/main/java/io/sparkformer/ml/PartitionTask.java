package io.sparkformer.ml;

import java.io.IOException;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.MapPartitionsFunction;
import org.apache.spark.sql.Row;
import org.apache.spark.util.TaskCompletionListener;

/** A task's part of a table. */
record PartitionTask<M extends AutoCloseable>(
    ExecutorTask<M> work, ScoredRows.Settings settings, ScoringTally tally)
    implements MapPartitionsFunction<Row, Row> {

  @Override
  public Iterator<Row> call(Iterator<Row> rows) throws IOException {
    if (!rows.hasNext()) {
      return Collections.emptyIterator();
    }
    ExecutorModels.Lease lease = work.lease();
    if (lease.isFirst()) {
      tally.add(ScoringTally.Counts.ofLoad());
    }
    // Spark calls the last one first: the rows' thread ends before the model may be closed.
    TaskCompletionListener release = context -> lease.close();
    TaskContext.get().addTaskCompletionListener(release);
    ScoredRows<M> scored = new ScoredRows<>(rows, work.task(), work.model(lease), settings, tally);
    TaskCompletionListener end = context -> scored.close();
    TaskContext.get().addTaskCompletionListener(end);
    return scored;
  }
}
