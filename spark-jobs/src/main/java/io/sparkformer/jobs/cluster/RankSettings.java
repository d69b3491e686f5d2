package io.sparkformer.jobs.cluster;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.Map;
import java.util.OptionalInt;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.spark.SparkConf;

/**
 * Spark's settings for training: one rank per executor, all of them at once.
 *
 * <p>A task that takes all cores of its executor has the JVM to itself, which the engine needs.
 */
public final class RankSettings {

  public static final String EXECUTOR_GPUS = "spark.executor.resource.gpu.amount";

  private static final String TASK_GPUS = "spark.task.resource.gpu.amount";
  private static final String EXECUTOR_CORES = "spark.executor.cores";
  private static final String TASK_CPUS = "spark.task.cpus";
  private static final String INSTANCES = "spark.executor.instances";
  private static final String CORES_MAX = "spark.cores.max";
  private static final String JAVA_OPTIONS = "spark.executor.extraJavaOptions";
  private static final String DYNAMIC = "spark.dynamicAllocation.enabled";
  private static final Pattern LOCAL_CLUSTER =
      Pattern.compile("local-cluster\\[\\s*\\d+\\s*,\\s*(\\d+)\\s*,\\s*\\d+\\s*]");

  private RankSettings() {}

  /**
   * Completes a configuration for so many ranks. Several ranks, or ranks with GPUs, get executors
   * of their own where the master is {@code local}.
   *
   * @return whether it is now one of executors that {@link LocalExecutors} describes
   * @throws io.sparkformer.datasets.InvalidInputException if a setting that is there does not go
   *     with them
   */
  static boolean complete(SparkConf conf, int workers, Map<String, String> environment) {
    require(workers > 0, "--workers is %d: it must be at least 1", workers);
    OptionalInt localCores = TaskThreads.localCores(conf.get("spark.master"));
    boolean gpus = conf.contains(EXECUTOR_GPUS);
    if (localCores.isPresent() && workers == 1 && !gpus) {
      return false;
    }
    if (localCores.isPresent()) {
      LocalExecutors.replaceLocalMode(conf, localCores.getAsInt(), workers, environment);
    }
    require(
        !conf.getBoolean(DYNAMIC, false),
        "%s is true, and ranks need all executors at once: give -- --conf %s=false",
        DYNAMIC,
        DYNAMIC);
    int cores = executorCores(conf);
    requireOneTaskAnExecutor(conf, cores);
    requireOneGpu(conf);
    askFor(conf, workers, cores);
    return localCores.isPresent();
  }

  /**
   * Checks that an application that runs already can have so many ranks.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if it was started with settings that do
   *     not go with them
   */
  public static void requireFit(SparkConf conf, int workers) {
    require(workers > 0, "workers is %d: it must be at least 1", workers);
    String master = conf.get("spark.master");
    if (TaskThreads.localCores(master).isPresent()) {
      require(
          workers == 1,
          "workers is %d, but spark.master is %s, which is one process: set workers to 1, or start the session on a"
              + " cluster, with an executor for each",
          workers,
          master);
      return;
    }
    require(
        !conf.getBoolean(DYNAMIC, false),
        "%s is true, and ranks need all executors at once: start the session with %s=false",
        DYNAMIC,
        DYNAMIC);
    requireOneGpu(conf.clone());
    require(
        !conf.contains(EXECUTOR_GPUS) || conf.contains(TASK_GPUS),
        "%s is set, but %s is not, so that tasks get no GPU: start the session with %s=1",
        EXECUTOR_GPUS,
        TASK_GPUS,
        TASK_GPUS);
    if (workers > 1) {
      requireExecutorEach(conf.clone(), workers);
    }
  }

  private static void requireExecutorEach(SparkConf conf, int workers) {
    require(
        conf.contains(EXECUTOR_CORES) || !conf.get("spark.master").startsWith("spark://"),
        "%s is not set, and a standalone cluster's executors then take all cores of their machines: start the session"
            + " with it, as the cores of one rank, and with %s of the same number",
        EXECUTOR_CORES,
        TASK_CPUS);
    int cores = executorCores(conf);
    require(
        conf.getInt(TASK_CPUS, 1) == cores,
        "%s is %d and %s is %d, but ranks, of which there are %d, need an executor each: start the session with %s=%d",
        TASK_CPUS,
        conf.getInt(TASK_CPUS, 1),
        EXECUTOR_CORES,
        cores,
        workers,
        TASK_CPUS,
        cores);
    String most = conf.contains(CORES_MAX) ? CORES_MAX : INSTANCES;
    int needed = conf.contains(CORES_MAX) ? workers * cores : workers;
    require(
        conf.getInt(most, needed) >= needed,
        "%s is %d, but workers is %d: start the session with %s=%d, or lower workers",
        most,
        conf.getInt(most, needed),
        workers,
        most,
        needed);
  }

  private static int executorCores(SparkConf conf) {
    String master = conf.get("spark.master");
    if (conf.contains(EXECUTOR_CORES)) {
      return conf.getInt(EXECUTOR_CORES, 0);
    }
    Matcher localCluster = LOCAL_CLUSTER.matcher(master);
    if (localCluster.matches()) {
      conf.set(EXECUTOR_CORES, localCluster.group(1));
      return Integer.parseInt(localCluster.group(1));
    }
    require(
        !master.startsWith("spark://"),
        "%s is not set, and a standalone cluster's executors then take all cores of their machines: give"
            + " -- --executor-cores C, the cores of one rank",
        EXECUTOR_CORES);
    return 1; // YARN's and Kubernetes's default
  }

  private static void requireOneTaskAnExecutor(SparkConf conf, int cores) {
    int cpus = conf.getInt(TASK_CPUS, cores);
    require(
        cpus == cores,
        "%s is %d and %s is %d, but there is one rank per executor, with all its cores: set both to the same number,"
            + " or leave %s away",
        TASK_CPUS,
        cpus,
        EXECUTOR_CORES,
        cores,
        TASK_CPUS);
    conf.set(TASK_CPUS, Integer.toString(cores));
  }

  private static void requireOneGpu(SparkConf conf) {
    if (!conf.contains(EXECUTOR_GPUS)) {
      return;
    }
    conf.setIfMissing(TASK_GPUS, "1");
    for (String key : new String[] {EXECUTOR_GPUS, TASK_GPUS}) {
      require(
          conf.getDouble(key, 0) == 1,
          "%s is %s, but a rank uses one GPU: set it to 1, and --workers to the number of GPUs",
          key,
          conf.get(key));
    }
  }

  private static void askFor(SparkConf conf, int workers, int cores) {
    String master = conf.get("spark.master");
    if (master.startsWith("spark://") || master.startsWith("local-cluster")) {
      int needed = workers * cores;
      require(
          conf.getInt(CORES_MAX, needed) >= needed,
          "%s is %s, but %d ranks of %d cores each need %d: raise or remove it, or lower --workers or --executor-cores",
          CORES_MAX,
          conf.get(CORES_MAX, ""),
          workers,
          cores,
          needed);
      conf.setIfMissing(CORES_MAX, Integer.toString(needed));
    } else {
      require(
          conf.getInt(INSTANCES, workers) >= workers,
          "%s is %s, but --workers is %d: give as many executors as ranks (-- --num-executors %d), or lower --workers",
          INSTANCES,
          conf.get(INSTANCES, ""),
          workers,
          workers);
      conf.setIfMissing(INSTANCES, Integer.toString(workers));
      // The run itself counts failures; YARN and Kubernetes would end the application after a few.
      conf.setIfMissing("spark.executor.maxNumFailures", Integer.toString(Integer.MAX_VALUE));
    }
    // What hangs before ranks are connected only misses heartbeats; Spark would wait 2 to 3
    // minutes.
    conf.setIfMissing("spark.storage.blockManagerHeartbeatTimeoutMs", "60s");
    conf.setIfMissing("spark.network.timeoutInterval", "10s");
    // The model's copies and the exchange's buffers are outside of the heap, whose size would bound
    // them.
    String options = conf.get(JAVA_OPTIONS, "-Dai.djl.offline=true");
    if (!options.contains("MaxDirectMemorySize")) {
      conf.set(JAVA_OPTIONS, options + " -XX:MaxDirectMemorySize=1t");
    }
    // Ranks wait for each other here while data is copied to them; for ever is Spark's default.
    conf.setIfMissing("spark.barrier.sync.timeout", "3600");
    conf.setIfMissing("spark.executor.heartbeatInterval", ExecutorMonitor.HEARTBEAT_SECONDS + "s");
    conf.setIfMissing("spark.scheduler.minRegisteredResourcesRatio", "1.0");
    // Preflight waits for executors, too, and says which are missing.
    conf.setIfMissing("spark.scheduler.maxRegisteredResourcesWaitingTime", "1s");
  }
}
