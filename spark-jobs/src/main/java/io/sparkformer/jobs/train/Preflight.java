package io.sparkformer.jobs.train;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.cluster.BarrierStage;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.LocalExecutors;
import io.sparkformer.jobs.cluster.RankSettings;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.SparkConf;
import org.apache.spark.SparkContext;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks, in seconds, for what would otherwise fail a training run later: on the driver, and in one
 * barrier stage of all ranks.
 */
final class Preflight {

  private static final Logger LOG = LoggerFactory.getLogger(Preflight.class);
  private static final String EXECUTORS = "executors";
  private static final int POLL_MILLIS = 100;
  private static final int TELL_AFTER_SECONDS = 5;

  private final JavaSparkContext spark;
  private final PreflightOptions options;

  private Preflight(JavaSparkContext spark, PreflightOptions options) {
    this.spark = spark;
    this.options = options;
  }

  /** What was found. */
  record Report(List<PreflightCheck> checks) {
    Report {
      checks = List.copyOf(checks);
    }

    boolean holds() {
      return checks.stream().noneMatch(PreflightCheck::hasFailed);
    }

    /**
     * @throws InvalidInputException with all that must be changed, if something must
     */
    void require() {
      if (!holds()) {
        throw new InvalidInputException(
            checks.stream()
                .filter(PreflightCheck::hasFailed)
                .map(check -> check.name() + ": " + check.problem())
                .collect(Collectors.joining("; ")));
      }
    }
  }

  /** Checks, and leaves nothing behind. */
  static Report check(JavaSparkContext spark, PreflightOptions options)
      throws IOException, InterruptedException {
    return new Preflight(spark, options).check();
  }

  private Report check() throws IOException, InterruptedException {
    PreflightCheck executors = awaitExecutors();
    if (executors.hasFailed()) {
      return new Report(List.of(executors));
    }
    List<PreflightCheck> checks = new ArrayList<>();
    if (options.output() == null) {
      checks.addAll(ranks(findings(null)));
    } else {
      checks.addAll(withProbe());
    }
    return new Report(checks);
  }

  /** Executors come one by one, and a barrier stage needs them all. */
  private PreflightCheck awaitExecutors() throws IOException, InterruptedException {
    long started = System.nanoTime();
    boolean told = false;
    while (slots() < options.workers()) {
      double waited = (System.nanoTime() - started) / 1e9;
      if (waited >= options.waitSeconds()) {
        return missingExecutors();
      }
      if (waited > TELL_AFTER_SECONDS && !told) {
        LOG.info("{} of {} executors are here, waiting for the others", slots(), options.workers());
        told = true;
      }
      Thread.sleep(POLL_MILLIS);
    }
    return PreflightCheck.ok(EXECUTORS, "");
  }

  private int slots() {
    SparkContext context = spark.sc();
    return context.maxNumConcurrentTasks(context.resourceProfileManager().defaultResourceProfile());
  }

  private PreflightCheck missingExecutors() throws IOException {
    SparkConf conf = spark.getConf();
    String settings =
        Arrays.stream(
                new String[] {
                  "spark.executor.instances",
                  "spark.cores.max",
                  "spark.executor.cores",
                  "spark.executor.memory",
                  RankSettings.EXECUTOR_GPUS
                })
            .filter(conf::contains)
            .map(key -> key + "=" + conf.get(key))
            .collect(Collectors.joining(", "));
    String words =
        LocalExecutors.lastWords(spark, System.getenv())
            .map(line -> ", one said '%s'".formatted(line))
            .orElse("");
    return PreflightCheck.failed(
        EXECUTORS,
        "%d of %d came within %d s (%s)%s"
            .formatted(slots(), options.workers(), options.waitSeconds(), settings, words),
        "lower --workers, --executor-cores or --executor-memory, add machines to the cluster or free some, or see why executors ended in their logs"
            + (conf.get("spark.master").startsWith("spark://")
                ? " (stderr of %s in the workers' work directories, and on their web pages)"
                    .formatted(spark.sc().applicationId())
                : ""));
  }

  private List<PreflightCheck> withProbe() throws IOException {
    Configuration hadoop = spark.hadoopConfiguration();
    Path output = Storage.qualified(options.output(), spark.hadoopConfiguration());
    OutputProbe probe;
    try {
      probe = OutputProbe.write(hadoop, output, options.workers());
    } catch (IOException | InvalidInputException e) {
      List<PreflightCheck> checks = new ArrayList<>(ranks(findings(null)));
      checks.add(
          PreflightCheck.failed(
              OutputProbe.CHECK,
              "%s cannot be written (%s)"
                  .formatted(Storage.shown(output), Failure.mistakeIn(e).orElse(e.getMessage())),
              "choose a directory that you may write"));
      return checks;
    }
    try (probe) {
      List<PreflightTask.Findings> findings = new ArrayList<>();
      for (PreflightTask.Findings rank : findings(probe)) {
        findings.add(probe.isAnswered(rank.rank()) ? rank : unanswered(rank, probe));
      }
      return ranks(findings);
    }
  }

  /** The rank's findings, where it believes that its file is beside the driver's and it is not. */
  private static PreflightTask.Findings unanswered(PreflightTask.Findings rank, OutputProbe probe) {
    List<PreflightCheck> checks = new ArrayList<>(rank.checks());
    checks.replaceAll(
        check ->
            check.name().equals(OutputProbe.CHECK) && !check.hasFailed()
                ? probe.unanswered()
                : check);
    return new PreflightTask.Findings(
        rank.rank(),
        rank.host(),
        rank.executor(),
        rank.totalBytes(),
        rank.freeBytes(),
        rank.onGpu(),
        checks);
  }

  private List<PreflightTask.Findings> findings(OutputProbe probe) {
    PreflightTask task =
        new PreflightTask(
            spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration())),
            options.data() == null
                ? null
                : Storage.qualified(options.data(), spark.hadoopConfiguration()).toString(),
            probe == null ? null : probe.file().toString(),
            options.recipe() == null ? 0 : options.recipe().training().threads());
    return BarrierStage.of(spark, options.workers(), task, PreflightTask.Findings.class).collect();
  }

  private List<PreflightCheck> ranks(List<PreflightTask.Findings> findings) {
    List<PreflightCheck> checks = new ArrayList<>();
    checks.add(apart(findings));
    checks.add(memory(findings));
    Map<String, List<Map.Entry<String, PreflightCheck>>> byName = new LinkedHashMap<>();
    for (PreflightTask.Findings rank : findings) {
      for (PreflightCheck check : rank.checks()) {
        byName
            .computeIfAbsent(check.name(), name -> new ArrayList<>())
            .add(Map.entry(rank.host(), check));
      }
    }
    byName.values().forEach(answers -> checks.add(merged(answers)));
    return checks;
  }

  private PreflightCheck apart(List<PreflightTask.Findings> findings) {
    Map<String, List<String>> byHost = new TreeMap<>();
    for (PreflightTask.Findings rank : findings) {
      byHost.computeIfAbsent(rank.host(), host -> new ArrayList<>()).add(rank.executor());
    }
    long processes = findings.stream().map(PreflightTask.Findings::executor).distinct().count();
    return processes == options.workers()
        ? PreflightCheck.ok(
            EXECUTORS, "%d on %s".formatted(processes, String.join(", ", byHost.keySet())))
        : PreflightCheck.failed(
            EXECUTORS,
            "%d ranks ran in %d executors".formatted(options.workers(), processes),
            "set spark.task.cpus to spark.executor.cores, so that each has an executor of its own");
  }

  private PreflightCheck memory(List<PreflightTask.Findings> findings) {
    return options.recipe() == null
        ? PreflightCheck.skipped(HostMemory.CHECK, "no recipe was given")
        : HostMemory.check(
            MemoryNeed.of(options.recipe(), options.workers()), findings, spark.getConf());
  }

  /** What all ranks say of one thing; of those that failed, with their hosts. */
  private static PreflightCheck merged(List<Map.Entry<String, PreflightCheck>> answers) {
    PreflightCheck first = answers.get(0).getValue();
    List<Map.Entry<String, PreflightCheck>> failed =
        answers.stream().filter(answer -> answer.getValue().hasFailed()).toList();
    if (failed.isEmpty()) {
      return new PreflightCheck(
          first.name(),
          first.status(),
          joined(answers.stream().map(a -> a.getValue().detail())),
          "");
    }
    return PreflightCheck.failed(
        first.name(),
        joined(failed.stream().map(a -> "%s: %s".formatted(a.getKey(), a.getValue().detail()))),
        joined(failed.stream().map(a -> a.getValue().remedy())));
  }

  private static String joined(java.util.stream.Stream<String> texts) {
    return texts.distinct().filter(text -> !text.isEmpty()).collect(Collectors.joining(", "));
  }
}
