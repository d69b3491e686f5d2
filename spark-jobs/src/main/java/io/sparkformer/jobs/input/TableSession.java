package io.sparkformer.jobs.input;

import io.sparkformer.datasets.InvalidInputException;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.sql.SparkSession;
import org.apache.spark.sql.SparkSessionExtensions;
import scala.Function1;
import scala.runtime.BoxedUnit;

/** Spark SQL for reading tables. */
public final class TableSession {

  private static final String EXTENSIONS = "spark.sql.extensions";
  private static final String CATALOG = "spark.sql.catalog.spark_catalog";
  private static final String DELTA_EXTENSION = "io.delta.sql.DeltaSparkSessionExtension";
  private static final String DELTA_CATALOG = "org.apache.spark.sql.delta.catalog.DeltaCatalog";

  private TableSession() {}

  /**
   * Opens Spark SQL in a running application, with the application's catalogs.
   *
   * @throws InvalidInputException if what reads the format, or the catalog that the configuration
   *     asks for, is not on the class path
   */
  public static SparkSession open(JavaSparkContext spark, InputFormat format) {
    requireHiveIfAskedFor(spark);
    SparkSession.Builder builder = SparkSession.builder().sparkContext(spark.sc());
    if (format == InputFormat.DELTA) {
      addDelta(spark, builder);
    }
    return builder.getOrCreate();
  }

  private static void requireHiveIfAskedFor(JavaSparkContext spark) {
    boolean hive = "hive".equals(spark.getConf().get("spark.sql.catalogImplementation", ""));
    if (hive && !isThere("org.apache.spark.sql.hive.HiveSessionStateBuilder")) {
      throw new InvalidInputException(
          "spark.sql.catalogImplementation is hive, but this Spark comes without Hive: use a Spark that has it"
              + " (SPARK_HOME), or leave the setting out");
    }
  }

  private static void addDelta(JavaSparkContext spark, SparkSession.Builder builder) {
    if (!isThere(DELTA_EXTENSION)) {
      throw new InvalidInputException(
          "--format delta needs Delta Lake, which is not on the class path: end the command with"
              + " -- --packages io.delta:delta-spark_2.12:3.3.0");
    }
    // What Delta's manual has users set themselves.
    if (!spark.getConf().get(EXTENSIONS, "").contains(DELTA_EXTENSION)) {
      builder.withExtensions(deltaExtension());
    }
    if (!spark.getConf().contains(CATALOG)) {
      builder.config(CATALOG, DELTA_CATALOG);
    }
  }

  @SuppressWarnings("unchecked") // Spark takes any extension that it can call so.
  private static Function1<SparkSessionExtensions, BoxedUnit> deltaExtension() {
    try {
      return Class.forName(DELTA_EXTENSION, true, classes())
          .asSubclass(Function1.class)
          .getDeclaredConstructor()
          .newInstance();
    } catch (ReflectiveOperationException e) {
      throw new InvalidInputException(
          "the Delta Lake on the class path does not go with this Spark: use io.delta:delta-spark_2.12:3.3.0",
          e);
    }
  }

  private static boolean isThere(String className) {
    try {
      Class.forName(className, false, classes());
      return true;
    } catch (ClassNotFoundException | LinkageError e) {
      return false;
    }
  }

  /** Spark-submit adds --packages to this loader, not to the one of our own classes. */
  private static ClassLoader classes() {
    return Thread.currentThread().getContextClassLoader();
  }
}
