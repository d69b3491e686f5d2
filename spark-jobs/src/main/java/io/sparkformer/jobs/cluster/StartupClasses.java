package io.sparkformer.jobs.cluster;

import java.util.List;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaPairRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.Tuple2;

/**
 * Starts Spark, counts a file's lines by length, and stops: what every job has in common.
 *
 * <p>The build runs it to learn which of Spark's classes a start needs, and archives these for the
 * embedded Spark's JVMs, which halves the time they take to start.
 */
public final class StartupClasses {
  private StartupClasses() {}

  /** Argument: a text file. */
  public static void main(String[] args) {
    try (JavaSparkContext spark = new JavaSparkContext(new SparkConf().setAppName("startup"))) {
      JavaPairRDD<Integer, Integer> lengths =
          spark.textFile(args[0]).mapToPair(line -> new Tuple2<>(line.length(), 1));
      List<Tuple2<Integer, Integer>> counts = lengths.reduceByKey(Integer::sum).collect();
      if (counts.isEmpty()) {
        throw new IllegalArgumentException(args[0] + " holds no lines");
      }
    }
  }
}
