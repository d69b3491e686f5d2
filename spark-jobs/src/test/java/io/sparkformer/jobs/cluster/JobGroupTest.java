package io.sparkformer.jobs.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.jobs.LocalSpark;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.apache.spark.SparkException;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Jobs of ours in a session that others use, too. */
@Timeout(600)
class JobGroupTest {

  private static final String TAGS = "spark.job.tags";

  /** Of tasks, which run in this JVM. */
  private static volatile CountDownLatch ours;

  private static volatile CountDownLatch begun;
  private static volatile CountDownLatch others;

  private JavaSparkContext spark;

  @BeforeEach
  void open() {
    spark = LocalSpark.open(LocalSpark.conf("local[4]"));
    ours = new CountDownLatch(1);
    begun = new CountDownLatch(2);
    others = new CountDownLatch(1);
  }

  @AfterEach
  void close() {
    ours.countDown();
    others.countDown();
    spark.close();
  }

  @Test
  void cancellingEndsOurJobsAndNobodyElses() throws Exception {
    JavaFutureAction<List<Integer>> other = waitFor(Whose.OTHERS);
    try (JobGroup group = JobGroup.begin(spark, "ours")) {
      JavaFutureAction<List<Integer>> own = waitFor(Whose.OURS);
      assertThat(begun.await(300, TimeUnit.SECONDS)).isTrue();

      group.cancel();

      assertThatThrownBy(own::get).hasRootCauseInstanceOf(SparkException.class);
      assertThat(other.isDone()).isFalse();
      ours.countDown();
      group.awaitEnd();
    }
    others.countDown();

    assertThat(other.get()).containsExactly(1);
  }

  @Test
  void whatAwaitsTheEndOfOurTasksDoesNotAwaitOthers() throws Exception {
    JavaFutureAction<List<Integer>> other = waitFor(Whose.OTHERS);
    try (JobGroup group = JobGroup.begin(spark, "ours")) {
      JavaFutureAction<List<Integer>> own = waitFor(Whose.OURS);
      assertThat(begun.await(300, TimeUnit.SECONDS)).isTrue();
      group.cancel();
      CountDownLatch ended = new CountDownLatch(1);
      Thread waiting =
          new Thread(
              () -> {
                try {
                  group.awaitEnd();
                  ended.countDown();
                } catch (InterruptedException e) {
                  Thread.currentThread().interrupt();
                }
              });
      waiting.start();

      assertThat(ended.await(1, TimeUnit.SECONDS)).as("while a task of ours runs").isFalse();
      ours.countDown();

      assertThat(ended.await(300, TimeUnit.SECONDS)).as("while a task of others runs").isTrue();
      assertThat(other.isDone()).isFalse();
      assertThatThrownBy(own::get).hasRootCauseInstanceOf(SparkException.class);
      waiting.join();
    }
  }

  @Test
  void whenSparkHasStoppedAFailureStaysWhatItWas() {
    IOException failure = new IOException("the cluster ended the application");

    assertThatThrownBy(
            () -> {
              try (JobGroup group = JobGroup.begin(spark, "ours")) {
                spark.stop();
                group.giveUp(failure);
                throw failure;
              }
            })
        .isSameAs(failure)
        .hasNoSuppressedExceptions();
  }

  @Test
  void onlyStagesOfOurJobsAreOurs() throws Exception {
    try (JobGroup group = JobGroup.begin(spark, "ours")) {
      spark.parallelize(List.of(1, 2), 2).count(); // stage 0
      Thread elsewhere =
          new Thread(
              () -> {
                spark.sc().clearJobTags();
                spark.parallelize(List.of(1, 2), 2).count(); // stage 1
              });
      elsewhere.start();
      elsewhere.join();
      group.awaitEnd();

      assertThat(group.hasStage(0)).isTrue();
      assertThat(group.hasStage(1)).isFalse();
    }
  }

  @Test
  void aGroupThatIsClosedHearsOfNothingMore() throws Exception {
    JobGroup group = JobGroup.begin(spark, "ours");
    String tag = spark.getLocalProperty(TAGS);
    group.close();
    try (JobGroup next = JobGroup.begin(spark, "next")) {
      spark.sc().addJobTag(tag);
      spark.parallelize(List.of(1), 1).count(); // stage 0
      next.awaitEnd();
    }

    assertThat(group.hasStage(0)).isFalse();
  }

  @Test
  void progressIsThatOfOurJobsAlone(@TempDir Path directory) throws Exception {
    String few = Files.writeString(directory.resolve("few"), "a\nb\nc\n").toString();
    String many = Files.writeString(directory.resolve("many"), "x\n".repeat(1_000)).toString();
    PrintStream before = System.err;
    ByteArrayOutputStream shown = new ByteArrayOutputStream();
    System.setErr(new PrintStream(shown, true, StandardCharsets.UTF_8));
    try (JobGroup group = JobGroup.begin(spark, "ours")) {
      CorpusPass.watched(
          group,
          "count",
          2_006,
          () -> {
            Thread elsewhere =
                new Thread(
                    () -> {
                      spark.sc().clearJobTags();
                      spark.textFile(many, 1).count();
                    });
            elsewhere.start();
            long lines = spark.textFile(few, 1).count();
            try {
              elsewhere.join();
              group.awaitEnd();
            } catch (InterruptedException e) {
              throw new AssertionError(e);
            }
            return lines;
          });
    } finally {
      System.setErr(before);
    }

    assertThat(shown.toString(StandardCharsets.UTF_8))
        .contains(" 3 documents")
        .doesNotContain("1,00");
  }

  @Test
  void whoCalledUsMayCancelTheirOwnGroupWithOurJobsInIt() throws Exception {
    spark.setJobGroup("mine", "what I do");
    spark.sc().addJobTag("my-tag");
    begun.countDown();
    try (JobGroup group = JobGroup.begin(spark, "ours")) {
      assertThat(spark.getLocalProperty("spark.jobGroup.id")).isEqualTo("mine");
      JavaFutureAction<List<Integer>> own = waitFor(Whose.OURS);
      assertThat(begun.await(300, TimeUnit.SECONDS)).isTrue();

      spark.cancelJobGroup("mine");

      assertThatThrownBy(own::get).hasRootCauseInstanceOf(SparkException.class);
      ours.countDown();
      group.awaitEnd();
    }
    assertThat(spark.getLocalProperty(TAGS)).isEqualTo("my-tag");
    assertThat(spark.getLocalProperty("spark.jobGroup.id")).isEqualTo("mine");
    assertThat(spark.getLocalProperty("spark.job.description")).isEqualTo("what I do");
  }

  private enum Whose {
    OURS,
    OTHERS
  }

  /** A job whose task runs until it is let go; told to end, it does not. */
  private JavaFutureAction<List<Integer>> waitFor(Whose whose) {
    return spark
        .parallelize(List.of(1), 1)
        .map(
            number -> {
              begun.countDown();
              CountDownLatch latch = whose == Whose.OURS ? ours : others;
              assertThat(latch.await(300, TimeUnit.SECONDS)).isTrue();
              return number;
            })
        .collectAsync();
  }
}
