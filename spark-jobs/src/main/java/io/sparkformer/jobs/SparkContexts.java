package io.sparkformer.jobs;

import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;

/** How every job opens its Spark application. */
final class SparkContexts {

  private SparkContexts() {}

  /**
   * Opens the application with spark-submit's configuration; without one, on all cores of this
   * machine.
   *
   * @param jobName shown by the cluster as {@code sparkformer jobName}
   */
  static JavaSparkContext open(String jobName) {
    SparkConf conf = new SparkConf().setAppName("sparkformer " + jobName);
    conf.setIfMissing("spark.master", "local[*]");
    // The web server costs start-up time, and its console bar would write over ours.
    conf.setIfMissing("spark.ui.enabled", "false");
    conf.setIfMissing("spark.ui.showConsoleProgress", "false");
    return new JavaSparkContext(conf);
  }
}
