package io.sparkformer.jobs;

import io.sparkformer.jobs.input.InputFormat;
import io.sparkformer.jobs.input.TableSession;
import java.nio.file.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;

/** A Spark within the JVM of a test. */
public final class LocalSpark {

  private LocalSpark() {}

  public static SparkConf conf(String master) {
    return new SparkConf().setMaster(master).setAppName("test").set("spark.ui.enabled", "false");
  }

  public static JavaSparkContext open(SparkConf conf) {
    return open(conf, "WARN");
  }

  /** Without a log: for tests about tasks that fail, whose stack traces are of no use. */
  public static JavaSparkContext openSilent(SparkConf conf) {
    return open(conf, "OFF");
  }

  /** Opens Spark SQL that knows Delta tables, and keeps the catalog's in a directory. */
  public static SparkSession openWithDelta(Path warehouse) {
    return TableSession.open(
        open(
            conf("local[2]")
                .set("spark.sql.shuffle.partitions", "2")
                .set("spark.databricks.delta.snapshotPartitions", "2")
                .set("spark.sql.warehouse.dir", warehouse.toString())),
        InputFormat.DELTA);
  }

  private static JavaSparkContext open(SparkConf conf, String logLevel) {
    JavaSparkContext context = new JavaSparkContext(conf);
    // A test before this one, in the same JVM, may have set another.
    context.setLogLevel(logLevel);
    return context;
  }
}
