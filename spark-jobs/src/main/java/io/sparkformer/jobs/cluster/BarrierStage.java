package io.sparkformer.jobs.cluster;

import java.util.stream.IntStream;
import org.apache.spark.api.java.JavaRDD;
import org.apache.spark.api.java.JavaSparkContext;
import scala.collection.Iterator;
import scala.reflect.ClassTag;
import scala.reflect.ClassTag$;
import scala.runtime.AbstractFunction1;

/** A Spark stage whose tasks run all at once; Spark's Java API has none. */
public final class BarrierStage {

  private BarrierStage() {}

  /**
   * One task for each rank.
   *
   * @param type of the tasks' results
   */
  public static <T> JavaRDD<T> of(
      JavaSparkContext spark,
      int ranks,
      AbstractFunction1<Iterator<Integer>, Iterator<T>> task,
      Class<T> type) {
    ClassTag<T> tag = ClassTag$.MODULE$.apply(type);
    return new JavaRDD<>(
        spark
            .parallelize(IntStream.range(0, ranks).boxed().toList(), ranks)
            .rdd()
            .barrier()
            .mapPartitions(task, false, tag),
        tag);
  }
}
