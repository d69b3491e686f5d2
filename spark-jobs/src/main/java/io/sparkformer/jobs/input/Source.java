package io.sparkformer.jobs.input;

import io.sparkformer.datasets.tokens.DatasetManifest;
import java.util.List;
import org.apache.spark.api.java.JavaRDD;

/**
 * A corpus, cut into units: runs of consecutive documents that one task reads.
 *
 * <p>Units and the documents in them have one order, by file and position within it, that depends
 * on the input and on the units' size alone, never on the number of executors or cores.
 */
public interface Source {

  /** Number of units. */
  int units();

  /** Bytes of all units, as they are stored. */
  long bytes();

  /** What is read, in order, for the data set's manifest. */
  List<DatasetManifest.Source> sources();

  /** What tells this content from another, as far as names, sizes and times of change show it. */
  String state();

  /** Whether documents have the same places each time they are read. */
  boolean hasFixedOrder();

  /**
   * Work on some of the units, a Spark task each.
   *
   * @param units their numbers, ascending
   * @return a partition of one element for each of them, in their order; what the task returns may
   *     read the documents until the Spark task ends
   */
  <T> JavaRDD<T> map(List<Integer> units, UnitTask<T> task);
}
