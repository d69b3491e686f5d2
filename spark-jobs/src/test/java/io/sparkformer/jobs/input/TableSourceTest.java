package io.sparkformer.jobs.input;

import static io.sparkformer.jobs.input.TableReading.labelled;
import static io.sparkformer.jobs.input.TableReading.request;
import static io.sparkformer.jobs.input.TableReading.texts;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.jobs.LocalSpark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.spark.sql.Dataset;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.RowFactory;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.types.StructType;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableSourceTest {

  private static final List<Row> ROWS =
      List.of(
          RowFactory.create("žluť, \"quoted\"\nsecond line", "pos", 1L),
          RowFactory.create(null, "neg", 2L),
          RowFactory.create("", "neg", 3L),
          RowFactory.create("plain", null, 4L),
          RowFactory.create("last \ud83d\ude80", "pos", 5L));

  private static final List<String> TEXTS =
      List.of("žluť, \"quoted\"\nsecond line", "null", "", "plain", "last \ud83d\ude80");

  private static SparkSession spark;

  @TempDir private Path directory;
  private Dataset<Row> table;

  @BeforeAll
  static void openSpark(@TempDir Path warehouse) {
    spark = LocalSpark.openWithDelta(warehouse);
  }

  @AfterAll
  static void closeSpark() {
    spark.stop();
  }

  @BeforeEach
  void makeTable() {
    table =
        spark
            .createDataFrame(
                ROWS,
                new StructType()
                    .add("text", "string")
                    .add("label", "string")
                    .add("number", "bigint"))
            .coalesce(1);
  }

  @Test
  void everyFormatGivesTheSameDocumentsInOrder() {
    String parquet = written("parquet");
    table.write().orc(path("orc"));
    table.write().json(path("json"));
    table.write().option("compression", "gzip").json(path("json-gz"));
    table.write().option("header", "true").option("escape", "\"").csv(path("csv"));

    assertThat(texts(spark, request(InputFormat.PARQUET, parquet))).isEqualTo(TEXTS);
    assertThat(texts(spark, request(InputFormat.ORC, path("orc")))).isEqualTo(TEXTS);
    assertThat(texts(spark, request(InputFormat.JSON, path("json")))).isEqualTo(TEXTS);
    assertThat(texts(spark, request(InputFormat.JSON, path("json-gz")))).isEqualTo(TEXTS);
    // An empty field of a CSV file is a null.
    assertThat(texts(spark, request(InputFormat.CSV, path("csv"))))
        .containsExactly(TEXTS.get(0), "null", "null", TEXTS.get(3), TEXTS.get(4));
  }

  @Test
  void aDocumentsPlaceIsItsFileAndRow() throws IOException {
    written("parquet");

    List<TableReading.Document> documents =
        TableReading.documents(spark, request(InputFormat.PARQUET, path("parquet")));

    assertThat(documents.get(4).where())
        .isEqualTo(onlyFile("parquet") + ", row 5 of the split at byte 0");
  }

  @Test
  void labelsComeWithTheirDocumentsAndARowWithoutOneCountsAsNull() {
    TableOptions request = labelled(request(InputFormat.PARQUET, written("parquet")));

    List<TableReading.Document> documents = TableReading.documents(spark, request);

    assertThat(documents)
        .extracting(TableReading.Document::label)
        .containsExactly("pos", "neg", "neg", "", "pos");
    assertThat(documents)
        .extracting(TableReading.Document::text)
        .containsExactly(TEXTS.get(0), "null", "", "null", TEXTS.get(4));
  }

  @Test
  void labelsMayBeIntegersBooleansAndNamesOfDirectories() throws IOException {
    table.selectExpr("text", "number AS label").write().parquet(path("integers"));
    table.selectExpr("text", "number > 3 AS label").write().json(path("booleans"));
    table.selectExpr("text").write().parquet(path("directories/label=01"));

    assertThat(labels(InputFormat.PARQUET, "integers")).containsExactly("1", "2", "3", "4", "5");
    assertThat(labels(InputFormat.JSON, "booleans"))
        .containsExactly("false", "false", "false", "true", "true");
    assertThat(labels(InputFormat.PARQUET, "directories")).containsOnly("01");
  }

  @Test
  void severalInputsAreReadByFullPathEachFileOnce() throws IOException {
    Files.createDirectories(directory.resolve("in/b"));
    json("in/b/2.json", "two");
    json("in/a.json", "one");
    json("in/c.json", "three");

    TableOptions request =
        request(InputFormat.JSON, path("in/c.json"), path("in/b"), path("in"), path("in/*.json"));

    assertThat(texts(spark, request)).containsExactly("one", "two", "three");
    assertThat(TableSource.open(spark, request, 1 << 20).sources())
        .containsExactly(source("in/a.json"), source("in/b/2.json"), source("in/c.json"));
  }

  @Test
  void smallUnitsCutFilesAndOnlyThoseAskedForAreRead() throws IOException {
    Path file = directory.resolve("many.json");
    Files.write(
        file,
        IntStream.range(0, 1000)
            .mapToObj(i -> "{\"text\": \"document %d\"}".formatted(i))
            .toList());
    List<String> all = IntStream.range(0, 1000).mapToObj("document %d"::formatted).toList();

    Source source = TableSource.open(spark, request(InputFormat.JSON, file), 1000);
    List<TableReading.Document> documents = TableReading.documents(source);
    List<Integer> some =
        source.map(List.of(3, 7), (unit, rows) -> rows.next() ? unit : -1).collect();

    assertThat(source.bytes()).isEqualTo(Files.size(file));
    assertThat(source.units()).isEqualTo((int) ((Files.size(file) + 999) / 1000));
    assertThat(documents).extracting(TableReading.Document::text).isEqualTo(all);
    assertThat(some).containsExactly(3, 7);
    assertThat(source.map(List.of(), (unit, rows) -> unit).collect()).isEmpty();
  }

  @Test
  void manySmallFilesAreOneUnit() throws IOException {
    for (int i = 0; i < 5; i++) {
      json("file-" + i + ".json", "text " + i);
    }

    Source source = TableSource.open(spark, request(InputFormat.JSON, path("*.json")), 1 << 20);

    assertThat(source.units()).isEqualTo(1);
    assertThat(TableReading.documents(source)).hasSize(5);
  }

  @Test
  void savedTablesAndViewsAreReadByName() {
    table.write().mode("overwrite").saveAsTable("docs");
    table.filter("number > 3").createOrReplaceTempView("some");
    table.repartition(3).sortWithinPartitions("number").createOrReplaceTempView("shuffled");

    assertThat(texts(spark, request(InputFormat.TABLE, "docs"))).isEqualTo(TEXTS);
    assertThat(texts(spark, request(InputFormat.TABLE, "some", "docs"))).hasSize(7);
    assertThat(texts(spark, request(InputFormat.TABLE, "shuffled")))
        .containsExactlyInAnyOrderElementsOf(TEXTS);
    assertThat(TableReading.documents(spark, request(InputFormat.TABLE, "shuffled")).get(0).where())
        .matches("partition \\d, row 1");
    assertThat(TableSource.open(spark, request(InputFormat.TABLE, "shuffled"), 1).sources())
        .containsExactly(new DatasetManifest.Source("shuffled", 0));
    spark.sql("DROP TABLE docs");
  }

  @Test
  void severalTablesOfFilesAreReadInTheOrderOfTheirFiles() {
    table.limit(1).selectExpr("text", "'x' AS label").write().saveAsTable("second");
    table.limit(1).selectExpr("text", "'y' AS label").write().saveAsTable("first");

    List<TableReading.Document> documents =
        TableReading.documents(spark, labelled(request(InputFormat.TABLE, "second", "first")));

    assertThat(documents).extracting(TableReading.Document::label).containsExactly("y", "x");
    assertThat(documents.get(0).where())
        .contains("/first/part-")
        .endsWith(", row 1 of the split at byte 0");
    spark.sql("DROP TABLE first");
    spark.sql("DROP TABLE second");
  }

  @Test
  void deltaTablesAreReadAsTheyStandNowWithoutTheirDeletedRows() {
    table.write().format("delta").option("delta.enableDeletionVectors", "true").save(path("delta"));
    spark.sql("DELETE FROM delta.`%s` WHERE number = 4".formatted(path("delta")));

    assertThat(directory.resolve("delta")).isDirectoryContaining("glob:**/deletion_vector*");
    assertThat(texts(spark, request(InputFormat.DELTA, path("delta"))))
        .containsExactly(TEXTS.get(0), "null", "", TEXTS.get(4));
  }

  private List<String> labels(InputFormat format, String name) {
    return TableReading.documents(spark, labelled(request(format, path(name)))).stream()
        .map(TableReading.Document::label)
        .toList();
  }

  private String written(String name) {
    table.write().parquet(path(name));
    return path(name);
  }

  private void json(String name, String text) throws IOException {
    Files.writeString(directory.resolve(name), "{\"text\": \"%s\"}\n".formatted(text));
  }

  private DatasetManifest.Source source(String name) throws IOException {
    Path file = directory.resolve(name);
    return new DatasetManifest.Source("file:" + file, Files.size(file));
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
