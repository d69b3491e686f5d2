package io.sparkformer.jobs.input;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.jobs.LocalSpark;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.junit.jupiter.api.Test;

class TableSessionTest {

  @Test
  void aHiveCatalogWithoutHiveIsAMistakeThatNamesTheSetting() {
    SparkConf conf = LocalSpark.conf("local[1]").set("spark.sql.catalogImplementation", "hive");
    try (JavaSparkContext spark = new JavaSparkContext(conf)) {
      assertThatThrownBy(() -> TableSession.open(spark, InputFormat.TABLE))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(
              "spark.sql.catalogImplementation is hive, but this Spark comes without Hive: use a Spark that has it"
                  + " (SPARK_HOME), or leave the setting out");
    }
  }
}
