package io.sparkformer.jobs.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.ml.ClassifierFixture;
import io.sparkformer.ml.SequenceClassificationModel;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables that have commits of their own: Delta's, and those of the catalog. */
class ScoreTablesTest {

  private static final int ROWS = 30;

  @TempDir private static Path directory;
  private static SparkSession spark;
  private static String model;

  @BeforeAll
  static void start(@TempDir Path warehouse) throws IOException {
    model = ClassifierFixture.write(directory.resolve("model"));
    spark = LocalSpark.openWithDelta(warehouse);
    spark
        .range(ROWS)
        .selectExpr("id", "concat('a film of day ', id) AS text")
        .write()
        .saveAsTable("reviews");
  }

  @AfterAll
  static void stop() {
    spark.stop();
  }

  private static ScoreResult score(
      InputFormat format,
      String input,
      InputFormat outputFormat,
      String output,
      ScoreOptions.Existing existing)
      throws Exception {
    ScoreOptions request =
        new ScoreOptions(
            List.of(input),
            format,
            List.of(),
            Optional.empty(),
            OptionalInt.empty(),
            output,
            outputFormat,
            List.of(),
            existing,
            ScoreOptions.Engine.SPARKFORMER);
    return new ScoreJob(request, new SequenceClassificationModel().setModelPath(model))
        .run(JavaSparkContext.fromSparkContext(spark.sparkContext()));
  }

  @Test
  void aTableOfTheCatalogIsReadAndWritten() throws Exception {
    ScoreResult summary =
        score(
            InputFormat.TABLE,
            "reviews",
            InputFormat.TABLE,
            "scored",
            ScoreOptions.Existing.REFUSE);
    score(InputFormat.TABLE, "reviews", InputFormat.TABLE, "scored", ScoreOptions.Existing.APPEND);

    assertThat(summary.rows()).isEqualTo(ROWS);
    assertThat(spark.table("scored").count()).isEqualTo(2 * ROWS);
    assertThat(
            spark.sql("SELECT DISTINCT id FROM scored WHERE prediction.label IS NOT NULL").count())
        .isEqualTo(ROWS);
    assertThatThrownBy(
            () ->
                score(
                    InputFormat.TABLE,
                    "reviews",
                    InputFormat.TABLE,
                    "scored",
                    ScoreOptions.Existing.REFUSE))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "--output scored exists: pass --append or --overwrite, or choose another table");
    assertThatThrownBy(
            () ->
                score(
                    InputFormat.TABLE,
                    "nothing",
                    InputFormat.TABLE,
                    "x",
                    ScoreOptions.Existing.REFUSE))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("--input nothing: no such table or view");
  }

  @Test
  void aDeltaTableIsReadWrittenAddedToAndReplaced() throws Exception {
    String delta = directory.resolve("delta").toString();
    score(InputFormat.TABLE, "reviews", InputFormat.DELTA, delta, ScoreOptions.Existing.REFUSE);
    score(InputFormat.TABLE, "reviews", InputFormat.DELTA, delta, ScoreOptions.Existing.APPEND);
    assertThat(spark.read().format("delta").load(delta).count()).isEqualTo(2 * ROWS);
    assertThatThrownBy(
            () ->
                score(
                    InputFormat.TABLE,
                    "reviews",
                    InputFormat.DELTA,
                    delta,
                    ScoreOptions.Existing.REFUSE))
        .hasMessageContaining("exists: pass --append or --overwrite, or choose another directory");

    score(InputFormat.TABLE, "reviews", InputFormat.DELTA, delta, ScoreOptions.Existing.REPLACE);

    assertThat(spark.read().format("delta").load(delta).count()).isEqualTo(ROWS);
    assertThatThrownBy(
            () ->
                score(
                    InputFormat.DELTA,
                    delta,
                    InputFormat.PARQUET,
                    directory.resolve("taken").toString(),
                    ScoreOptions.Existing.REFUSE))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "the table has a column 'prediction' already: choose another outputCol (--output-column), or drop that one");
  }

  @Test
  void aTableThatDoesNotFitTheOneItIsAddedToIsAMistake() throws Exception {
    spark.sql("CREATE TABLE other (a INT, b STRING, c INT) USING parquet");

    assertThatThrownBy(
            () ->
                score(
                    InputFormat.TABLE,
                    "reviews",
                    InputFormat.TABLE,
                    "other",
                    ScoreOptions.Existing.APPEND))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining("--output other cannot be written as table: ");
  }
}
