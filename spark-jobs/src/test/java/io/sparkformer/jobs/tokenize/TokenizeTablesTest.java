package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static java.util.stream.Collectors.joining;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.output.ExistingOutput;
import io.sparkformer.jobs.output.OutputDirectory;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Encoders;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables through the whole tokenize job, and an output that was taken away from it. */
class TokenizeTablesTest {

  private static JavaSparkContext spark;

  @TempDir Path directory;

  @BeforeAll
  static void openSpark() {
    spark = LocalSpark.openSilent(LocalSpark.conf("local[2]"));
  }

  @AfterAll
  static void closeSpark() {
    spark.close();
  }

  @Test
  void csvThatIsNotUtf8IsAnErrorOrCounted() throws Exception {
    Path csv =
        Files.write(
            directory.resolve("latin.csv"),
            "text\ncaf\u00e9\nth\u00e9\nplain\n".getBytes(StandardCharsets.ISO_8859_1));

    assertThatThrownBy(() -> run(csv(csv, "data")))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageMatching(
            ".*/latin.csv, row 1 of the split at byte 0: bytes that are not valid UTF-8, or a U\\+FFFD, in the text:"
                + " convert the file to UTF-8, or pass --malformed replace");
    TokenizeResult summary = run(csv(csv, "data").replacing());

    assertThat(summary.malformedReplaced()).isEqualTo(2);
    assertThat(summary.documents()).isEqualTo(3);
  }

  @Test
  void wholeNumbersAreClassesInTheirOwnOrder() throws Exception {
    Path table = directory.resolve("numbers.csv");
    Files.writeString(
        table,
        "text,label\n"
            + IntStream.rangeClosed(0, 11)
                .mapToObj(i -> "t" + i + "," + i + "\n")
                .collect(joining())
            + "u,-3\nv,other\n");
    String output = directory.resolve("data").toString();

    run(
        TokenizeOptionsFixture.of(List.of(table.toString()), output)
            .table(InputFormat.CSV, "text", Optional.of("label")));

    DatasetManifest manifest =
        DatasetManifest.read(localFiles(), hadoop(directory.resolve("data")));
    assertThat(manifest.labels())
        .containsExactly(
            "-3", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "10", "11", "other");
  }

  @Test
  void duplicatesAreNotLookedForInRowsWithoutAnOrder() {
    SparkSession session = SparkSession.builder().sparkContext(spark.sc()).getOrCreate();
    session
        .createDataset(List.of("a", "b", "c", "a"), Encoders.STRING())
        .toDF("text")
        .repartition(3)
        .createOrReplaceTempView("mixed");
    TokenizeOptionsFixture mixed =
        TokenizeOptionsFixture.of(List.of("mixed"), directory.resolve("data").toString())
            .table(InputFormat.TABLE, "text", Optional.empty());

    assertThatThrownBy(() -> run(mixed.duplicatesDropped()))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "--dedup exact needs rows in a fixed order, which mixed has not, since its query shuffles:"
                + " write its result as a table first");
    assertThat(directory).isEmptyDirectory();
  }

  @Test
  void aJobThatWasTakenForDeadEndsAndDeletesNothingOfTheOthers() throws Exception {
    Configuration hadoop = spark.hadoopConfiguration();
    String output = directory.resolve("data").toString();
    AtomicInteger lost = new AtomicInteger();
    Path staging = directory.resolve(".data.inprogress");
    try (OutputDirectory job =
        OutputDirectory.prepare(output, "dataset.json", ExistingOutput.REFUSE, List.of(), hadoop)) {
      job.start("plan".getBytes(StandardCharsets.UTF_8));
      job.whenLost(lost::incrementAndGet);
      Files.writeString(directory.resolve(".data.lock"), "another 1 elsewhere 7");

      assertThatThrownBy(job::requireHeld)
          .isInstanceOf(IOException.class)
          .hasMessageEndingWith(
              ".data.lock was taken over by another job while this one did not answer: run it again");
      for (int wait = 0; wait < 100 && lost.get() == 0; wait++) {
        Thread.sleep(100);
      }
    }

    assertThat(lost).hasValue(1);
    assertThat(staging.resolve("plan.json")).hasContent("plan");
    assertThat(directory.resolve(".data.lock")).hasContent("another 1 elsewhere 7");
  }

  private static TokenizeResult run(TokenizeOptionsFixture options) throws Exception {
    return new TokenizeJob(spark, options.options()).run();
  }

  private TokenizeOptionsFixture csv(Path file, String output) {
    return TokenizeOptionsFixture.of(List.of(file.toString()), directory.resolve(output).toString())
        .table(InputFormat.CSV, "text", Optional.empty())
        .validFraction(0);
  }
}
