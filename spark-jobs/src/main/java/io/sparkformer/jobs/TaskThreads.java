package io.sparkformer.jobs;

import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkEnv;
import org.apache.spark.TaskContext;

/** How many threads the engine may use in a task that has its executor to itself. */
final class TaskThreads {

  private static final Pattern LOCAL = Pattern.compile("local(?:\\[(\\d+|\\*)(?:,.*)?])?");

  private TaskThreads() {}

  /** The cores of the executor that this task runs on. */
  static int ofThisTask() {
    SparkConf conf = SparkEnv.get().conf();
    int available = Runtime.getRuntime().availableProcessors();
    Matcher local = LOCAL.matcher(conf.get("spark.master", ""));
    if (local.matches()) {
      String cores = local.group(1);
      if (cores == null) {
        return 1;
      }
      // Threads that have no core of their own wait for each other: the engine's wait actively.
      return cores.equals("*") ? available : Math.min(available, Integer.parseInt(cores));
    }
    return Math.max(TaskContext.get().cpus(), conf.getInt("spark.executor.cores", 1));
  }
}
