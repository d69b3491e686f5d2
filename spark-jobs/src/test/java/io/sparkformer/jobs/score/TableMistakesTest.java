package io.sparkformer.jobs.score;

import static io.sparkformer.jobs.input.TableReading.labelled;
import static io.sparkformer.jobs.input.TableReading.request;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.LocalSpark;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.TableOptions;
import io.sparkformer.jobs.input.TableProblem;
import io.sparkformer.jobs.input.TableReading;
import io.sparkformer.jobs.input.TableSession;
import java.io.EOFException;
import java.io.IOException;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Optional;
import org.apache.spark.SparkException;
import org.apache.spark.TaskKilledException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What users are told of tables that cannot be read. */
class TableMistakesTest {

  private static SparkSession spark;

  @TempDir private Path directory;

  @BeforeAll
  static void openSpark(@TempDir Path warehouse) {
    spark = LocalSpark.openWithDelta(warehouse);
    spark.sparkContext().setLogLevel("OFF");
  }

  @AfterAll
  static void closeSpark() {
    spark.sparkContext().setLogLevel("WARN");
    spark.stop();
  }

  @Test
  void aMissingColumnIsNamedWithThoseThatAreThere() throws IOException {
    Dataset<Row> other = spark.sql("SELECT 'a' AS body, 'b' AS tag");
    other.write().parquet(path("parquet"));
    other.write().json(path("json"));
    other.write().option("header", "true").csv(path("csv"));

    assertThat(mistake(request(InputFormat.PARQUET, path("parquet"))))
        .isEqualTo(
            "--input %s has no column 'text' (--text-column): use one of body, tag"
                .formatted(path("parquet")));
    assertThat(mistake(request(InputFormat.JSON, path("json"))))
        .endsWith(" has no column 'text' (--text-column): use one of body, tag");
    assertThat(mistake(request(InputFormat.CSV, path("csv"))))
        .endsWith(" has no column 'text' (--text-column): use one of body, tag");
    assertThat(
            mistake(
                new TableOptions(
                    InputFormat.CSV, java.util.List.of(path("csv")), "body", Optional.of("label"))))
        .endsWith(" has no column 'label' (--label-column): use one of body, tag");
  }

  @Test
  void aColumnOfAWrongTypeIsNamedWithItsType() {
    Dataset<Row> wrong = spark.sql("SELECT array('a') AS text, 1.5D AS label");
    wrong.write().parquet(path("parquet"));
    wrong.write().json(path("json"));
    spark.sql("SELECT 7 AS text").write().json(path("numbers"));
    spark.sql("SELECT 'a' AS text, 1.5D AS label").write().orc(path("orc"));

    assertThat(mistake(request(InputFormat.PARQUET, path("parquet"))))
        .isEqualTo("--text-column text is of type array<string>: name a column of strings");
    assertThat(mistake(request(InputFormat.JSON, path("json"))))
        .isEqualTo("--text-column text is of type array<string>: name a column of strings");
    assertThat(mistake(request(InputFormat.JSON, path("numbers"))))
        .isEqualTo("--text-column text is of type bigint: name a column of strings");
    assertThat(mistake(labelled(request(InputFormat.ORC, path("orc")))))
        .isEqualTo(
            "--label-column label is of type double: name a column of strings, booleans or integers");
  }

  @Test
  void missingInputsAreNamed() throws IOException {
    Files.createDirectory(directory.resolve("empty"));

    for (InputFormat format :
        Arrays.asList(InputFormat.PARQUET, InputFormat.JSON, InputFormat.CSV)) {
      assertThat(mistake(request(format, path("none"))))
          .isEqualTo(
              "--input %s: no such file or directory, and no match: check the path"
                  .formatted(path("none")));
    }
    assertThat(mistake(request(InputFormat.PARQUET, path("empty"))))
        .isEqualTo(
            "--input %s has no parquet files: give files of that format, or a directory with some"
                .formatted(path("empty")));
    assertThat(mistake(request(InputFormat.TABLE, "nowhere.docs")))
        .isEqualTo(
            "--input nowhere.docs: no such table or view: check its name, and that the catalog is configured");
    assertThat(mistake(request(InputFormat.DELTA, path("empty"))))
        .startsWith("--input %s cannot be read as delta: ".formatted(path("empty")));
  }

  @Test
  void aFileThatIsNoParquetIsNamed() throws IOException {
    Path file = Files.writeString(directory.resolve("text.parquet"), "not parquet at all");

    assertThat(mistake(request(InputFormat.PARQUET, file)))
        .startsWith(file + " cannot be read (")
        .endsWith("): copy it again, or leave it out");
  }

  @Test
  void aParquetFileWithDamagedContentIsNamed() throws IOException {
    table().write().parquet(path("parquet"));
    Path file = onlyFile("parquet");
    byte[] bytes = Files.readAllBytes(file);
    Arrays.fill(bytes, 4, bytes.length / 2, (byte) 0x5a);
    Files.write(file, bytes);
    Files.delete(file.resolveSibling("." + file.getFileName() + ".crc"));

    assertThat(mistake(request(InputFormat.PARQUET, file)))
        .startsWith(file + " cannot be read (")
        .endsWith("): copy it again, or leave it out");
  }

  @Test
  void aParquetFileWithAnotherTypeThanTheFirstIsNamed() throws IOException {
    table().write().parquet(path("in/a"));
    spark.sql("SELECT 7 AS text").write().parquet(path("in/b"));

    assertThat(mistake(request(InputFormat.PARQUET, onlyFile("in/a"), onlyFile("in/b"))))
        .startsWith(onlyFile("in/b") + " cannot be read (")
        .contains("column: [text], physicalType: INT32, logicalType: string");
  }

  @Test
  void aTruncatedOrcFileIsNamed() throws IOException {
    table().write().orc(path("orc"));

    assertThat(mistake(request(InputFormat.ORC, truncated(onlyFile("orc")))))
        .startsWith(onlyFile("orc") + " cannot be read (")
        .endsWith("): copy it again, or leave it out");
    assertThat(mistake(request(InputFormat.ORC, path("orc"))))
        .startsWith(onlyFile("orc") + " cannot be read (");
  }

  @Test
  void aTruncatedGzipIsNamed() throws IOException {
    table().write().option("compression", "gzip").json(path("json"));

    assertThat(mistake(request(InputFormat.JSON, truncated(onlyFile("json")))))
        .startsWith(onlyFile("json").toString())
        .endsWith(
            " cannot be read (Unexpected end of input stream): copy it again, or leave it out");
  }

  @Test
  void aMalformedLineOfJsonIsNamedByFileAndRow() throws IOException {
    Path first = Files.writeString(directory.resolve("first.json"), "{\"text\": \n");
    Path file =
        Files.writeString(
            directory.resolve("second.json"),
            "{\"text\": \"a\"}\n{\"text\": \"b\"}\n{\"text\": oops}\n");

    assertThat(mistake(request(InputFormat.JSON, file)))
        .startsWith(
            file
                + ", after row 2 of the split at byte 0, cannot be read (Unrecognized token 'oops'");
    assertThat(mistake(request(InputFormat.JSON, first))).startsWith(first + " cannot be read (");
  }

  @Test
  void aCsvFileWithAnotherHeaderOrABrokenRowIsNamed() throws IOException {
    Path file = Files.writeString(directory.resolve("a.csv"), "id,text\n1,a\n");
    Path other = Files.writeString(directory.resolve("b.csv"), "id,body\n1,a\n");
    Path broken = Files.writeString(directory.resolve("c.csv"), "id,text\n1,a\n2,b,c,d\n");

    assertThat(mistake(request(InputFormat.CSV, file, other)))
        .startsWith(other + " cannot be read (CSV header does not conform to the schema.");
    assertThat(mistake(request(InputFormat.CSV, broken)))
        .startsWith(broken + ", after row 1 of the split at byte 0, cannot be read (");
  }

  @Test
  void whatAnotherAttemptMayMendIsNoMistake() {
    assertThat(TableProblem.unreadable(new SparkException("x", new EOFException("end")), "f"))
        .hasValueSatisfying(
            e ->
                assertThat(e).hasMessage("f cannot be read (end): copy it again, or leave it out"));
    assertThat(
            TableProblem.unreadable(
                new SparkException("x", new SocketTimeoutException("Read timed out")), "f"))
        .isEmpty();
    assertThat(TableProblem.unreadable(new RuntimeException(new IOException("reset")), "f"))
        .isEmpty();
    assertThat(TableProblem.unreadable(new TaskKilledException("lost"), "f")).isEmpty();
    assertThat(TableProblem.unreadable(new RuntimeException(new OutOfMemoryError()), "f"))
        .isEmpty();
  }

  @Test
  void deltaWithoutDeltaSaysHowToAddIt() {
    ClassLoader before = Thread.currentThread().getContextClassLoader();
    Thread.currentThread().setContextClassLoader(ClassLoader.getPlatformClassLoader());
    try {
      assertThatThrownBy(
              () ->
                  TableSession.open(
                      JavaSparkContext.fromSparkContext(spark.sparkContext()), InputFormat.DELTA))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(
              "--format delta needs Delta Lake, which is not on the class path: end the command with"
                  + " -- --packages io.delta:delta-spark_2.12:3.3.0");
    } finally {
      Thread.currentThread().setContextClassLoader(before);
    }
  }

  private static String mistake(TableOptions request) {
    Throwable failure = catchThrowable(() -> TableReading.documents(spark, request));
    assertThat(failure).isNotNull();
    assertThat(Failure.mistakeIn(failure)).as(() -> stack(failure)).isPresent();
    return Failure.mistakeIn(failure).orElseThrow();
  }

  private static String stack(Throwable failure) {
    java.io.StringWriter out = new java.io.StringWriter();
    failure.printStackTrace(new java.io.PrintWriter(out, true));
    return out.toString();
  }

  private Dataset<Row> table() {
    return spark.range(0, 2000, 1, 1).selectExpr("concat('document ', hash(id)) AS text");
  }

  private static Path truncated(Path file) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    Files.write(file, Arrays.copyOf(bytes, bytes.length / 2));
    Files.delete(file.resolveSibling("." + file.getFileName() + ".crc"));
    return file;
  }

  private Path onlyFile(String name) throws IOException {
    try (var files = Files.newDirectoryStream(directory.resolve(name), "part-*")) {
      return files.iterator().next();
    }
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }
}
