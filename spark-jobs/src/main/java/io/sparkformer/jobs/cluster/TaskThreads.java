package io.sparkformer.jobs.cluster;

import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/** How many threads the engine may use in a task that has its executor to itself. */
public final class TaskThreads {

  private static final Pattern LOCAL = Pattern.compile("local(?:\\[(\\d+|\\*)(?:,.*)?])?");

  private TaskThreads() {}

  /** The cores of the executor that this task runs on. */
  public static int ofThisTask() {
    SparkConf conf = SparkEnv.get().conf();
    OptionalInt local = localCores(conf.get("spark.master", ""));
    return local.isPresent()
        ? local.getAsInt()
        : Math.max(TaskContext.get().cpus(), conf.getInt("spark.executor.cores", 1));
  }

  /** The cores that Spark in one JVM has, or nothing if the master is another one. */
  static OptionalInt localCores(String master) {
    Matcher local = LOCAL.matcher(master);
    if (!local.matches()) {
      return OptionalInt.empty();
    }
    String cores = local.group(1);
    if (cores == null) {
      return OptionalInt.of(1);
    }
    // Threads that have no core of their own wait for each other: the engine's wait actively.
    int available = Runtime.getRuntime().availableProcessors();
    return OptionalInt.of(
        cores.equals("*") ? available : Math.min(available, Integer.parseInt(cores)));
  }
}
