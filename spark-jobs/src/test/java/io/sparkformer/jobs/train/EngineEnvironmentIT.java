package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparkformer.jobs.JobProcess;
import io.sparkformer.jobs.LoopbackCluster;
import io.sparkformer.jobs.NothingLeftBehind;
import io.sparkformer.jobs.SmallDataSet;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.api.io.TempDir;

/** What the engine finds around it, in the driver's process and in those of executors. */
@Tag("cluster")
@ExtendWith(NothingLeftBehind.class)
class EngineEnvironmentIT {

  private static final int ENDLESS = 1_000_000;
  private static final String SPINS = "GOMP_SPINCOUNT";
  private static final String POLICY = "OMP_WAIT_POLICY";
  private static final String NATIVES = "DJL_CACHE_DIR";

  @TempDir private static Path directory;

  @BeforeAll
  static void writeADataSet() throws IOException {
    assumeTrue(JobProcess.isLinux(), "skipped: processes are looked at in /proc, Linux's");
    assumeTrue(
        Stream.of(SPINS, POLICY, NATIVES, "ENGINE_CACHE_DIR")
            .noneMatch(System.getenv()::containsKey),
        "skipped: this environment has settings of the engine");
    Files.writeString(directory.resolve("tiny.yaml"), Training.RECIPE);
    SmallDataSet.write(
        directory.resolve("data"),
        SmallDataSet.ABC,
        List.of(Collections.nCopies(100, "abcabcabcabcabcabc\n")),
        "abcabcabcabcabcabcabcabcabcabc\n");
  }

  @Test
  void threadsYieldAfterSomeSpinningOnTheDriverAndOnExecutors() throws Exception {
    for (Map<String, String> process : environments("plain", Map.of())) {
      assertThat(process).containsEntry(SPINS, "1000").doesNotContainKey(POLICY);
    }
  }

  @Test
  void theUsersOwnSettingWinsOnTheDriverAndOnExecutors() throws Exception {
    for (Map<String, String> process : environments("spins", Map.of(SPINS, "77"))) {
      assertThat(process).containsEntry(SPINS, "77").doesNotContainKey(POLICY);
    }
    for (Map<String, String> process : environments("policy", Map.of(POLICY, "passive"))) {
      assertThat(process).containsEntry(POLICY, "passive").doesNotContainKey(SPINS);
    }
  }

  @Test
  void whatIsSetForExecutorsIsTheirsAlone() throws Exception {
    List<Map<String, String>> found =
        environments("executors", settings("spark.executorEnv.OMP_WAIT_POLICY", "active"));

    assertThat(found.get(0)).containsEntry(SPINS, "1000").doesNotContainKey(POLICY);
    for (Map<String, String> executor : found.subList(1, found.size())) {
      assertThat(executor).containsEntry(POLICY, "active").containsEntry(SPINS, "infinite");
    }
  }

  @Test
  void whatAKilledDriversExecutorsLeftIsDeletedByTheNextRun() throws Exception {
    Path work = JobProcess.CHECKOUT.resolve("spark-jobs/target/embedded-spark/work");
    Set<Path> before = applications(work);
    List<String> arguments = train("killed", "--workers", "2");
    arguments.addAll(List.of("--set", "training.max-steps=" + ENDLESS));
    try (JobProcess job = JobProcess.start(directory, "local[2]", arguments)) {
      Path metrics = directory.resolve("killed/metrics.jsonl");
      job.await("a step", () -> Files.exists(metrics));
      JobProcess.signal("KILL", job.driver());
      job.end();
      job.requireNothingLeft();
    }
    Set<Path> left = applications(work);
    left.removeAll(before);
    assertThat(left).isNotEmpty();

    List<String> next = train("next", "--workers", "2");
    next.addAll(List.of("--set", "training.max-steps=1"));
    assertThat(JobProcess.run(directory, "local[2]", next).code()).isZero();

    assertThat(applications(work)).doesNotContainAnyElementsOf(left);
  }

  private static Set<Path> applications(Path work) throws IOException {
    if (!Files.isDirectory(work)) {
      return new HashSet<>();
    }
    try (Stream<Path> found = Files.list(work)) {
      return found
          .filter(file -> file.getFileName().toString().startsWith("app-"))
          .collect(Collectors.toCollection(HashSet::new));
    }
  }

  @Test
  void nativesThatCannotBeUnpackedAreOneLineFromTheDriver() throws Exception {
    try (JobProcess job =
        JobProcess.start(
            directory, "local[1]", train("driver"), Map.of(NATIVES, "/proc/natives"))) {
      requireOneLine(job.end());
    }
  }

  @Test
  void nativesThatCannotBeUnpackedAreOneLineFromAnExecutor() throws Exception {
    try (LoopbackCluster cluster = LoopbackCluster.start(directory.resolve("the cluster"), 2);
        JobProcess job =
            JobProcess.start(
                directory,
                cluster.master(),
                train("natives", "--workers", "2"),
                settings("spark.executorEnv." + NATIVES, "/proc/natives"))) {
      requireOneLine(job.end());
    }
  }

  private static void requireOneLine(JobProcess.Outcome outcome) {
    assertThat(outcome.code()).as(outcome.err()).isEqualTo(2);
    Pattern line =
        Pattern.compile(
            "sparkformer train: .*the engine's native libraries cannot be unpacked to /proc/natives/sparkformer on \\S+:"
                + " /proc/natives is not there and cannot be made: set DJL_CACHE_DIR to a directory of your own"
                + " with 500 MB \\(for executors: --conf spark.executorEnv.DJL_CACHE_DIR=DIRECTORY\\).*");
    assertThat(outcome.err().lines().filter(text -> text.contains("/proc/natives")))
        .as(outcome.err())
        .singleElement()
        .satisfies(text -> assertThat(text).matches(line));
    assertThat(outcome.err()).doesNotContain("\tat ");
  }

  /** Of the driver, and of its two executors. */
  private static List<Map<String, String>> environments(String output, Map<String, String> given)
      throws Exception {
    List<String> arguments = train(output, "--workers", "2");
    arguments.addAll(List.of("--set", "training.max-steps=" + ENDLESS));
    try (JobProcess job = JobProcess.start(directory, "local[2]", arguments, given)) {
      Path metrics = directory.resolve(output).resolve("metrics.jsonl");
      job.await("a step", () -> Files.exists(metrics));
      List<ProcessHandle> executors = job.executors();
      assertThat(executors).hasSizeGreaterThanOrEqualTo(2); // and one that is just replaced
      List<Map<String, String>> found = new ArrayList<>();
      found.add(environment(job.driver()));
      for (ProcessHandle executor : executors.subList(0, 2)) {
        found.add(environment(executor));
      }
      return found;
    }
  }

  private static List<String> train(String output, String... more) {
    List<String> arguments =
        new ArrayList<>(
            List.of("train", "--config", "tiny.yaml", "--data", "data", "--output", output));
    arguments.addAll(List.of(more));
    return arguments;
  }

  private static Map<String, String> settings(String key, String value) throws IOException {
    Path settings = Files.createTempDirectory(directory, "conf");
    Files.writeString(
        settings.resolve("spark-defaults.conf"),
        Files.readString(JobProcess.CHECKOUT.resolve("conf/spark-defaults.conf"))
            + "%n%s %s%n".formatted(key, value));
    return Map.of("SPARK_CONF_DIR", settings.toString());
  }

  private static Map<String, String> environment(ProcessHandle process) throws IOException {
    String variables =
        Files.readString(
            Path.of("/proc/%d/environ".formatted(process.pid())), StandardCharsets.ISO_8859_1);
    return Arrays.stream(variables.split("\0"))
        .map(variable -> variable.split("=", 2))
        .filter(pair -> pair.length == 2)
        .collect(Collectors.toMap(pair -> pair[0], pair -> pair[1]));
  }
}
