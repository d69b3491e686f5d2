package io.sparkformer.jobs.cluster;

import java.util.List;
import java.util.Map;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.api.plugin.SparkPlugin;
import org.apache.spark.deploy.SparkHadoopUtil;

/** How every job opens its Spark application. */
public final class SparkContexts {

  private static final String EXECUTOR_VARIABLE = "spark.executorEnv.";
  private static final String SPIN_COUNT = "GOMP_SPINCOUNT";
  private static final String WAIT_POLICY = "OMP_WAIT_POLICY";
  private static final List<String> SPINNING = List.of(SPIN_COUNT, WAIT_POLICY);
  private static final String SPINS = "1000";
  private static final int MASTER_SECONDS = 20;

  private SparkContexts() {}

  /**
   * Opens the application with spark-submit's configuration; without one, on all cores of this
   * machine.
   *
   * @param jobName shown by the cluster as {@code sparkformer jobName}
   */
  public static JavaSparkContext open(String jobName) {
    return start(conf(jobName));
  }

  /**
   * Opens the application for work on tables and corpora, whose executors report how far they are
   * every two seconds.
   */
  public static JavaSparkContext openTables(String jobName) {
    return start(conf(jobName).setIfMissing("spark.executor.heartbeatInterval", "2s"));
  }

  /** Opens the application with one plugin more than the configuration names. */
  public static JavaSparkContext open(String jobName, Class<? extends SparkPlugin> plugin) {
    return start(with(plugin, conf(jobName)));
  }

  /**
   * Opens the application for ranks of training, one per executor, with one plugin more than the
   * configuration names. On {@code local} masters more than one rank get executor processes of
   * their own, see {@link LocalExecutors}.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if a setting does not go with that many
   *     ranks
   */
  public static JavaSparkContext openRanks(
      String jobName, Class<? extends SparkPlugin> plugin, int workers) {
    SparkConf conf = with(plugin, conf(jobName));
    boolean localExecutors = RankSettings.complete(conf, workers, System.getenv());
    JavaSparkContext spark = start(conf);
    if (localExecutors) {
      LocalExecutors.endWithThisProcess(spark, System.getenv());
    }
    return spark;
  }

  private static JavaSparkContext start(SparkConf conf) {
    StandaloneMaster.await(conf.get("spark.master"), MASTER_SECONDS);
    return new JavaSparkContext(conf);
  }

  private static SparkConf with(Class<? extends SparkPlugin> plugin, SparkConf conf) {
    String others = conf.get(RunEvents.PLUGINS, "");
    return conf.set(
        RunEvents.PLUGINS, others.isEmpty() ? plugin.getName() : others + "," + plugin.getName());
  }

  /**
   * The Hadoop configuration that {@link #open} would give, {@code spark.hadoop.*} settings
   * included, for what is done before Spark starts or without it.
   */
  public static Configuration hadoopConfiguration() {
    return SparkHadoopUtil.get().newConfiguration(new SparkConf());
  }

  private static SparkConf conf(String jobName) {
    SparkConf conf = new SparkConf().setAppName("sparkformer " + jobName);
    conf.setIfMissing("spark.master", "local[*]");
    // The web server costs start-up time, and its console bar would write over ours.
    conf.setIfMissing("spark.ui.enabled", "false");
    conf.setIfMissing("spark.ui.showConsoleProgress", "false");
    // A barrier stage that finds too few slots is tried again after this time; the default is 15 s.
    conf.setIfMissing("spark.scheduler.barrier.maxConcurrentTasksCheck.interval", "1s");
    // What the launcher sets for its own JVM, and why, is in submit/sparkformer.
    setForExecutors(conf, "MALLOC_ARENA_MAX", "1");
    setForExecutors(conf, "MALLOC_MMAP_THRESHOLD_", "33554432");
    setForExecutors(conf, "MALLOC_TRIM_THRESHOLD_", "8589934592");
    boundSpinning(conf, System.getenv());
    return conf;
  }

  /** Unless the user set one of these variables: for executors, or else for the driver. */
  static void boundSpinning(SparkConf conf, Map<String, String> environment) {
    if (conf.contains(EXECUTOR_VARIABLE + SPIN_COUNT)) {
      return;
    }
    if (conf.contains(EXECUTOR_VARIABLE + WAIT_POLICY)) {
      // Executors on this machine get the driver's count, too, which would win.
      boolean passive = conf.get(EXECUTOR_VARIABLE + WAIT_POLICY).equalsIgnoreCase("passive");
      conf.set(EXECUTOR_VARIABLE + SPIN_COUNT, passive ? "0" : "infinite");
      return;
    }
    for (String variable : SPINNING) {
      if (environment.containsKey(variable)) {
        conf.set(EXECUTOR_VARIABLE + variable, environment.get(variable));
      }
    }
    if (SPINNING.stream().noneMatch(environment::containsKey)) {
      conf.set(EXECUTOR_VARIABLE + SPIN_COUNT, SPINS);
    }
  }

  /** Unless it is set for executors: as the driver's environment has it, or else a value. */
  private static void setForExecutors(SparkConf conf, String variable, String otherwise) {
    conf.setIfMissing(
        EXECUTOR_VARIABLE + variable, System.getenv().getOrDefault(variable, otherwise));
  }
}
