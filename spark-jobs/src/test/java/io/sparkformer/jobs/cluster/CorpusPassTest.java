package io.sparkformer.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.ShownProgress;
import java.util.List;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.executor.InputMetrics;
import org.apache.spark.scheduler.SparkListener;
import org.apache.spark.scheduler.SparkListenerTaskEnd;
import org.junit.jupiter.api.Test;

/** What is shown of a pass of Spark's. */
class CorpusPassTest {

  /** Has whoever listens after it hear late, as on a busy driver. */
  private static final class Late extends SparkListener {
    @Override
    public void onTaskEnd(SparkListenerTaskEnd end) {
      try {
        Thread.sleep(300);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Test
  void aPassEndsWithTheWholeHoweverLateItsTasksAreHeardAndHoweverLittleTheyRead() throws Exception {
    try (JavaSparkContext spark = LocalSpark.open(LocalSpark.conf("local[1]"));
        ShownProgress shown = ShownProgress.watch()) {
      spark.sc().addSparkListener(new Late());
      try (JobGroup group = JobGroup.begin(spark, "test")) {
        CorpusPass.watched(group, "read", 50_000, "rows", () -> read(spark));
      }
      assertThat(shown.of("read")).last().isEqualTo("read: 100% (50 of 50 kB) 7 rows");
    }
  }

  @Test
  void aPassThatFailsIsNotShownAsWhole() {
    try (JavaSparkContext spark = LocalSpark.open(LocalSpark.conf("local[1]"));
        ShownProgress shown = ShownProgress.watch();
        JobGroup group = JobGroup.begin(spark, "test")) {
      assertThatThrownBy(
              () ->
                  CorpusPass.watched(
                      group,
                      "read",
                      50_000,
                      "rows",
                      () -> {
                        throw new IllegalStateException("no more");
                      }))
          .hasMessage("no more");
      assertThat(shown.of("read")).noneMatch(line -> line.contains("100%"));
    }
  }

  private static long read(JavaSparkContext spark) {
    return spark
        .parallelize(List.of(3L, 4L), 2)
        .map(
            rows -> {
              InputMetrics metrics = TaskContext.get().taskMetrics().inputMetrics();
              metrics.incRecordsRead(rows);
              metrics.incBytesRead(1_000);
              return rows;
            })
        .count();
  }
}
