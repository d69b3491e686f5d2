package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.WatchedFileSystem;
import io.sparkformer.jobs.input.CorpusInput;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.output.ExistingOutput;
import io.sparkformer.jobs.score.ScoreJob;
import io.sparkformer.jobs.score.ScoreOptions;
import io.sparkformer.jobs.tokenize.SplitMethod;
import io.sparkformer.jobs.tokenize.TokenizeJob;
import io.sparkformer.jobs.tokenize.TokenizeOptions;
import io.sparkformer.ml.ClassifierFixture;
import io.sparkformer.ml.SequenceClassificationModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A job that loses its output to another, in a session in which somebody else works, too. */
@Timeout(180)
class SharedSessionTest {

  /** Of the other job's task, which runs in this JVM. */
  private static volatile CountDownLatch mayEnd;

  private final ExecutorService thread = Executors.newSingleThreadExecutor();
  @TempDir private Path directory;
  private JavaSparkContext spark;

  @BeforeEach
  void open() {
    mayEnd = new CountDownLatch(1);
    WatchedFileSystem.restart();
    spark =
        LocalSpark.openSilent(
            LocalSpark.conf("local[4]")
                .set("spark.hadoop.fs.watched.impl", WatchedFileSystem.class.getName()));
  }

  @AfterEach
  void close() {
    mayEnd.countDown();
    WatchedFileSystem.restart();
    thread.shutdownNow();
    spark.close();
  }

  @Test
  void tokenizeEndsItsOwnSparkJobsAlone() throws Exception {
    Folder.write(directory, "corpus.txt", "some text\n".repeat(100));
    TokenizeOptions options =
        new TokenizeOptions(
            new CorpusInput(
                List.of(directory.resolve("corpus.txt").toString()),
                InputFormat.LINES,
                Optional.empty(),
                Optional.empty()),
            "watched:" + directory.resolve("data"),
            "char",
            Optional.empty(),
            SplitMethod.TAIL,
            0.1,
            0,
            TokenizeOptions.EndOfText.APPENDED,
            TokenizeOptions.Duplicates.KEPT,
            OptionalLong.empty(),
            ExistingOutput.REFUSE,
            MalformedInput.FAIL,
            1 << 20);

    loseOutput("data", "/.units-", () -> new TokenizeJob(spark, options).run());
  }

  @Test
  void scoreEndsItsOwnSparkJobsAlone() throws Exception {
    Folder.write(directory, "rows.jsonl", "{\"text\": \"good\"}\n".repeat(20));
    ScoreOptions options =
        new ScoreOptions(
            List.of(directory.resolve("rows.jsonl").toString()),
            InputFormat.JSON,
            List.of(),
            Optional.empty(),
            OptionalInt.empty(),
            "watched:" + directory.resolve("scored"),
            InputFormat.PARQUET,
            List.of(),
            ScoreOptions.Existing.REFUSE,
            ScoreOptions.Engine.SPARKFORMER);
    SequenceClassificationModel model =
        new SequenceClassificationModel()
            .setModelPath(ClassifierFixture.write(directory.resolve("model")))
            .setInputCol("text");

    loseOutput("scored", "/part-", () -> new ScoreJob(options, model).run(spark));
  }

  private interface Work {
    Object run() throws Exception;
  }

  /** Has another process take the output's lock while a task of the work waits for storage. */
  private void loseOutput(String output, String file, Work work) throws Exception {
    WatchedFileSystem.hang(path -> path.contains(file));
    JavaFutureAction<List<Integer>> other =
        spark
            .parallelize(List.of(1), 1)
            .map(
                number -> {
                  assertThat(mayEnd.await(120, TimeUnit.SECONDS)).isTrue();
                  return number;
                })
            .collectAsync();
    Future<Object> job = thread.submit(work::run);
    Path lock = directory.resolve("." + output + ".lock");
    await(lock, job);
    awaitTask();

    Files.writeString(lock, "another 1 elsewhere 7");
    assertThatThrownBy(() -> job.get(3, TimeUnit.SECONDS)).isInstanceOf(TimeoutException.class);
    WatchedFileSystem.goOn();

    assertThatThrownBy(() -> job.get(60, TimeUnit.SECONDS))
        .isInstanceOf(ExecutionException.class)
        .hasStackTraceContaining("cancelled");
    assertThat(other.isDone()).isFalse();
    assertThat(lock).hasContent("another 1 elsewhere 7");
    mayEnd.countDown();
    assertThat(other.get()).containsExactly(1);
  }

  private static void await(Path file, Future<?> job) throws IOException, InterruptedException {
    while (!Files.exists(file) || Files.size(file) == 0) {
      assertThat(job.isDone()).isFalse();
      Thread.sleep(20);
    }
  }

  /** Waits for a task of the job beside the other's. */
  private void awaitTask() throws InterruptedException {
    while (spark.statusTracker().getActiveStageIds().length < 2) {
      Thread.sleep(20);
    }
    Thread.sleep(500); // until it waits for storage
  }
}
