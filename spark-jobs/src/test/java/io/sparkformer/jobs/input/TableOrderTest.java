package io.sparkformer.jobs.input;

import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.jobs.LocalSpark;
import java.nio.file.Path;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TableOrderTest {

  private static final int UNIT_BYTES = 4_000;

  @TempDir private Path directory;

  private record Reading(
      int units,
      long bytes,
      List<TableReading.Document> parquet,
      List<TableReading.Document> json) {}

  @Test
  void documentsAndUnitsDoNotDependOnCoresAndParallelism() {
    try (JavaSparkContext context = spark("local[1]", 1)) {
      SparkSession spark = TableSession.open(context, InputFormat.PARQUET);
      var table = spark.range(0, 3_000, 1, 5).selectExpr("concat('document ', id) AS text");
      table.write().option("parquet.block.size", "2000").parquet(path("parquet"));
      table.write().json(path("json"));
    }

    Reading oneCore = read("local[1]", 1);
    Reading fourCores = read("local[4]", 4);
    Reading another = read("local[2]", 37);

    assertThat(oneCore.units()).isGreaterThan(10);
    assertThat(oneCore.parquet()).hasSize(3_000);
    assertThat(oneCore.json())
        .extracting(TableReading.Document::text)
        .isEqualTo(oneCore.parquet().stream().map(TableReading.Document::text).toList());
    assertThat(fourCores).isEqualTo(oneCore);
    assertThat(another).isEqualTo(oneCore);
    // What Spark SQL makes in the working directory when it is asked for a table.
    assertThat(Path.of("spark-warehouse")).doesNotExist();
    assertThat(Path.of("metastore_db")).doesNotExist();
  }

  private Reading read(String master, int parallelism) {
    try (JavaSparkContext context = spark(master, parallelism)) {
      SparkSession spark = TableSession.open(context, InputFormat.PARQUET);
      Source parquet =
          TableSource.open(
              spark, TableReading.request(InputFormat.PARQUET, path("parquet")), UNIT_BYTES);
      Source json =
          TableSource.open(spark, TableReading.request(InputFormat.JSON, path("json")), UNIT_BYTES);
      return new Reading(
          parquet.units() + json.units(),
          parquet.bytes() + json.bytes(),
          TableReading.documents(parquet),
          TableReading.documents(json));
    }
  }

  private static JavaSparkContext spark(String master, int parallelism) {
    return LocalSpark.open(
        LocalSpark.conf(master).set("spark.default.parallelism", Integer.toString(parallelism)));
  }

  private String path(String name) {
    return directory.resolve(name).toString();
  }
}
