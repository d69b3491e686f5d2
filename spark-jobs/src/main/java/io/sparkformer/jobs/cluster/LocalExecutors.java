package io.sparkformer.jobs.cluster;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.SharedDirectory;
import io.sparkformer.datasets.TemporaryFolder;
import io.sparkformer.recipe.Recipe;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.spark.SparkConf;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import scala.runtime.BoxedUnit;

/**
 * Executor processes on this machine, for ranks which plain local mode would put into one JVM.
 *
 * <p>They are Spark's {@code local-cluster}: a master and a worker in this JVM, executors started
 * from {@code SPARK_HOME/jars}. All belong to one worker, since it is a worker that shares the
 * machine's GPUs out. The worker keeps their logs and files in {@code SPARK_HOME/work}, which no
 * setting moves (the worker that local-cluster starts asks neither the configuration nor {@code
 * SPARK_WORKER_DIR}), so what the application leaves there is deleted when this JVM ends.
 */
public final class LocalExecutors {

  private static final Logger LOG = LoggerFactory.getLogger(LocalExecutors.class);
  private static final String MASTER = "spark.master";
  private static final String MEMORY = "spark.executor.memory";
  private static final String CLASS_PATH = "spark.executor.extraClassPath";
  private static final String JAVA_OPTIONS = "spark.executor.extraJavaOptions";
  private static final String LOG_CONFIGURATION = "log4j2.configurationFile";
  private static final String GPUS = "spark.worker.resource.gpu.amount";

  private static final Pattern COLLECTOR = Pattern.compile("-XX:\\+Use\\w+GC");
  private static final String FEW_OBJECTS = "-XX:+UseSerialGC";

  /** Of what stays hot, as the sums of gradients do: it takes time from the start of all else. */
  private static final String LITTLE_OPTIMIZING =
      "-XX:Tier4InvocationThreshold=50000 -XX:Tier4MinInvocationThreshold=6000"
          + " -XX:Tier4CompileThreshold=150000 -XX:Tier4BackEdgeThreshold=400000";

  private static final int LOGS_READ = 20;

  /** Where this JVM's executors keep files, until it ends. */
  private static final Set<Path> ENTERED = new HashSet<>();

  private static final List<SharedDirectory> USED = new ArrayList<>();

  private LocalExecutors() {}

  /**
   * Turns a configuration of local mode into one of separate executors, that share its cores.
   *
   * @param cores of all executors together; each has at least one
   * @throws io.sparkformer.datasets.InvalidInputException if there is no Spark to start them from
   */
  static void replaceLocalMode(
      SparkConf conf, int cores, int executors, Map<String, String> environment) {
    String home = environment.getOrDefault("SPARK_HOME", "");
    require(
        Files.isDirectory(Path.of(home, "jars")) && !home.isEmpty(),
        "SPARK_HOME is '%s', which has no jars/: executors of their own are started from there: use submit/sparkformer,"
            + " or set SPARK_HOME to a Spark 3.5",
        home);
    Path work = work(home);
    require(
        Files.isWritable(Files.exists(work) ? work : Path.of(home)),
        "%s cannot be written: executors on this machine keep their files there: change its permissions, or give the"
            + " master of a running cluster (submit/cluster start; -- --master spark://HOST:PORT)",
        work);
    enter(work);
    int each = Math.max(1, cores / executors);
    conf.setIfMissing(MEMORY, "1g");
    long megabytes = conf.getSizeAsMb(MEMORY);
    conf.set(MASTER, "local-cluster[1,%d,%d]".formatted(each * executors, megabytes * executors));
    conf.set("spark.executor.cores", Integer.toString(each));
    conf.set("spark.cores.max", Integer.toString(each * executors));
    if (conf.contains(RankSettings.EXECUTOR_GPUS)) {
      conf.setIfMissing(GPUS, Integer.toString(executors));
      String script = conf.get("spark.executor.resource.gpu.discoveryScript", "");
      if (!script.isEmpty()) {
        conf.setIfMissing("spark.worker.resource.gpu.discoveryScript", script);
      }
    }
    setJavaOptions(conf);
    shareClasses(conf, Path.of(home));
    // What starts an executor asks for it to find jars/.
    conf.setIfMissing("spark.executorEnv.SPARK_SCALA_VERSION", "2.12");
    LOG.info(
        "{} executors on this machine, each with {} cores and {} MiB of Java heap",
        executors,
        each,
        megabytes);
  }

  /** What a killed driver's executors left goes when no living one has executors there. */
  private static synchronized void enter(Path work) {
    try {
      Files.createDirectories(work);
      if (ENTERED.add(work.toRealPath())) {
        USED.add(SharedDirectory.enter(work, () -> deleteLeftBehind(work)));
      }
    } catch (IOException e) {
      throw new UncheckedIOException("executors cannot keep files in " + work, e);
    }
  }

  private static void deleteLeftBehind(Path work) throws IOException {
    try (DirectoryStream<Path> applications = Files.newDirectoryStream(work, "app-*")) {
      applications.forEach(TemporaryFolder::delete);
    }
  }

  /** Has executors ended, and what they leave on this machine's disk deleted, with this JVM. */
  static void endWithThisProcess(JavaSparkContext spark, Map<String, String> environment) {
    ShutdownHookManager.registerShutdownDeleteDir(logs(spark, environment).toFile());
    // Left to themselves, the worker ends executors, and then tries to replace them.
    ShutdownHookManager.addShutdownHook(
        ShutdownHookManager.DEFAULT_SHUTDOWN_PRIORITY() + 1,
        () -> {
          spark.stop();
          return BoxedUnit.UNIT;
        });
  }

  /** The last line that an executor on this machine wrote, if there is one that did. */
  public static Optional<String> lastWords(JavaSparkContext spark, Map<String, String> environment)
      throws IOException {
    Path logs = logs(spark, environment);
    if (!Files.isDirectory(logs)) {
      return Optional.empty();
    }
    try (Stream<Path> executors = Files.list(logs)) {
      return executors
          .sorted()
          .limit(LOGS_READ)
          .flatMap(executor -> Stream.of("stderr", "stdout").map(executor::resolve))
          .flatMap(log -> lastLine(log).stream())
          .findFirst();
    }
  }

  private static Optional<String> lastLine(Path log) {
    try (Stream<String> lines = Files.lines(log, StandardCharsets.UTF_8)) {
      return lines
          .filter(line -> !line.isBlank() && !line.matches("Spark Executor Command: .*|=+"))
          .reduce((first, next) -> next)
          .map(String::strip);
    } catch (IOException | UncheckedIOException e) {
      return Optional.empty(); // being made, or being deleted
    }
  }

  private static Path logs(JavaSparkContext spark, Map<String, String> environment) {
    return work(environment.getOrDefault("SPARK_HOME", "")).resolve(spark.sc().applicationId());
  }

  private static Path work(String home) {
    return Path.of(home, "work");
  }

  /**
   * Executors read the application from where this JVM does, so that it is not copied to them; and
   * Spark's classes from the archive beside its jars, which is valid if they come first.
   */
  private static void shareClasses(SparkConf conf, Path home) {
    String application = applicationClassPath();
    String others = conf.get(CLASS_PATH, "");
    Path archive = home.resolve("classes.jsa");
    if (others.isEmpty() && Files.exists(archive)) {
      others = home.resolve("jars") + "/*";
      addJavaOption(conf, "\"-XX:SharedArchiveFile=" + archive + "\"");
      addJavaOption(conf, "-Xlog:disable -Xlog:all=error:stderr");
    }
    conf.set(
        CLASS_PATH, others.isEmpty() ? application : others + File.pathSeparator + application);
    String jars =
        Arrays.stream(conf.get("spark.jars", "").split(","))
            .filter(jar -> !jar.isBlank() && !pathOf(jar).equals(application))
            .collect(Collectors.joining(","));
    conf.set("spark.jars", jars);
  }

  /** The application jar, or all that this JVM has where the application is not in one jar. */
  private static String applicationClassPath() {
    URI own = source(LocalExecutors.class);
    boolean oneJar = own.equals(source(Recipe.class)) && own.getPath().endsWith(".jar");
    return oneJar ? Path.of(own).toString() : System.getProperty("java.class.path");
  }

  private static URI source(Class<?> type) {
    try {
      return type.getProtectionDomain().getCodeSource().getLocation().toURI();
    } catch (URISyntaxException e) {
      throw new IllegalStateException("a class path entry is no URI", e);
    }
  }

  private static String pathOf(String jar) {
    return jar.startsWith("file:") ? Path.of(URI.create(jar)).toString() : jar;
  }

  private static void setJavaOptions(SparkConf conf) {
    conf.setIfMissing(JAVA_OPTIONS, "-Dai.djl.offline=true");
    if (!COLLECTOR.matcher(conf.get(JAVA_OPTIONS)).find()) { // a JVM refuses to have two
      addJavaOption(conf, FEW_OBJECTS);
    }
    addJavaOption(conf, LITTLE_OPTIMIZING);
    String file = System.getProperty(LOG_CONFIGURATION);
    if (file != null && !conf.get(JAVA_OPTIONS).contains(LOG_CONFIGURATION)) {
      addJavaOption(conf, "\"-D" + LOG_CONFIGURATION + "=" + file + "\"");
    }
  }

  /** Before those that are there, which overrule it. */
  private static void addJavaOption(SparkConf conf, String option) {
    conf.set(JAVA_OPTIONS, option + " " + conf.get(JAVA_OPTIONS));
  }
}
