package io.sparkformer.jobs.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.sparkformer.jobs.LoopbackCluster;
import io.sparkformer.jobs.Patience;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Executors in processes of their own, of a standalone cluster and of a local master. */
@Tag("cluster")
class ClusterIT {

  private static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();
  private static final String CLUSTER = CHECKOUT.resolve("submit/cluster").toString();
  private static final String LAUNCHER = CHECKOUT.resolve("submit/sparkformer").toString();
  private static final Path PROCESSES = Path.of("/proc");

  @TempDir private Path directory;
  private Path state;
  private int port;

  @BeforeEach
  void chooseAPort() throws IOException {
    state = directory.resolve("the cluster");
    port = LoopbackCluster.freePort();
  }

  @AfterEach
  void stopWhatIsLeft() throws Exception {
    cluster("stop");
  }

  @Test
  void aClusterIsStartedUsedAndStopped() throws Exception {
    Outcome started = cluster("start", "--memory", "1g", "--port", Integer.toString(port));

    assertThat(started.code()).as(started.err()).isZero();
    assertThat(started.out())
        .startsWith("spark://127.0.0.1:%d: 2 workers, each with 1 cores and 1g\n".formatted(port))
        .endsWith(
            "    -- --master spark://127.0.0.1:%d --executor-cores 1 --executor-memory 512m\n"
                .formatted(port));
    Outcome status = cluster("status");
    assertThat(status.code()).isZero();
    assertThat(status.out())
        .matches(
            "spark://127.0.0.1:%d\\nmaster +process \\d+\\nworker-1 +process \\d+\\nworker-2 +process \\d+\\n"
                .formatted(port));

    assertThat(cluster("start").err())
        .isEqualTo(
            "cluster: a cluster in %s is running: stop it first (submit/cluster stop), or give another --dir and --port\n"
                .formatted(state));
    Path other = directory.resolve("other");
    assertThat(
            run(CLUSTER, "start", "--dir", other.toString(), "--port", Integer.toString(port))
                .err())
        .isEqualTo(
            "cluster: port %d of 127.0.0.1 is in use: give another --port\n".formatted(port));

    twoRanksPassTheChecks();
    aThirdRankHasNoPlace();

    assumeTrue(Files.isDirectory(PROCESSES), "processes can be looked at");
    Process waiting = start(doctor("3", "300"));
    try {
      awaitExecutors(2);
      Outcome stopped = cluster("stop");

      assertThat(stopped.out()).isEqualTo("stopped 3 processes\n");
      assertThat(processes()).isEmpty();
      assertThat(cluster("status").code()).isEqualTo(1);
      assertThat(cluster("stop").out()).isEqualTo("no cluster in %s is running\n".formatted(state));
    } finally {
      waiting.destroy(); // which lets it clear its temporary files away
      Patience.untilEnded(waiting);
    }
  }

  private void twoRanksPassTheChecks() throws Exception {
    Outcome outcome = run(doctor("2", "300"));

    assertThat(outcome.code()).as(outcome.err()).isZero();
    JsonNode result = result(outcome);
    assertThat(result.get("ok").asBoolean()).isTrue();
    assertThat(result.get("checks").findValuesAsText("detail"))
        .contains(
            "2 on 127.0.0.1",
            "each reaches all others",
            directory
                + " can be written; a directory there is renamed in one act, so nobody sees a part of it");
    assertThat(directory.toFile().list((at, name) -> name.contains("probe"))).isEmpty();
  }

  private void aThirdRankHasNoPlace() throws Exception {
    Outcome outcome = run(doctor("3", "2"));

    assertThat(outcome.code()).as(outcome.err()).isEqualTo(2);
    JsonNode check = result(outcome).get("checks").get(0);
    assertThat(check.get("detail").asText())
        .matches(
            "[012] of 3 came within 2 s \\(spark.cores.max=3, spark.executor.cores=1, spark.executor.memory=512m\\)");
    assertThat(check.get("remedy").asText())
        .matches(
            "lower --workers, --executor-cores or --executor-memory, add machines to the cluster or free some, or see why"
                + " executors ended in their logs \\(stderr of app-[0-9-]+ in the workers' work directories, and on"
                + " their web pages\\)");
    assertThat(outcome.err()).doesNotContain("\tat ");
  }

  private String[] doctor(String workers, String seconds) {
    return new String[] {
      LAUNCHER,
      "doctor",
      "--workers",
      workers,
      "--output",
      directory.resolve("run").toString(),
      "--wait-seconds",
      seconds,
      "--",
      "--master",
      "spark://127.0.0.1:" + port,
      "--executor-cores",
      "1",
      "--executor-memory",
      "512m"
    };
  }

  @Test
  void aGpuThatTheEngineCannotUseIsNamedForEachRank() throws Exception {
    Path script = Files.writeString(directory.resolve("find gpus.sh"), discovery());
    assertThat(script.toFile().setExecutable(true)).isTrue();

    Outcome outcome =
        run(
            LAUNCHER,
            "doctor",
            "--workers",
            "2",
            "--",
            "--master",
            "local[2]",
            "--conf",
            "spark.executor.memory=512m",
            "--conf",
            "spark.executor.resource.gpu.amount=1",
            "--conf",
            "spark.executor.resource.gpu.discoveryScript=" + script);

    assertThat(outcome.code()).as(outcome.err()).isEqualTo(2);
    assertThat(outcome.err()).doesNotContain("\tat ");
    List<String> details = result(outcome).get("checks").findValuesAsText("detail");
    assertThat(details).contains("2 on 127.0.0.1", "each reaches all others");
    String device =
        details.stream().filter(text -> text.contains("Spark gave GPU")).findFirst().orElseThrow();
    assertThat(device)
        .contains(
            "127.0.0.1: Spark gave GPU 4 of 127.0.0.1 to this rank, but the engine there has no CUDA: build with -Pcuda",
            "127.0.0.1: Spark gave GPU 7 of 127.0.0.1 to this rank");
  }

  @Test
  void whatAnExecutorSaidBeforeItEndedIsShown() throws Exception {
    Outcome outcome =
        run(
            LAUNCHER,
            "doctor",
            "--workers",
            "2",
            "--wait-seconds",
            "4",
            "--",
            "--master",
            "local[2]",
            "--conf",
            "spark.executor.extraJavaOptions=-agentlib:nothing");

    assertThat(outcome.code()).as(outcome.err()).isEqualTo(2);
    assertThat(result(outcome).get("checks").get(0).get("detail").asText())
        .startsWith("0 of 2 came within 4 s (")
        .contains(", one said '", "nothing");
  }

  private static String discovery() {
    return "#!/bin/sh\necho '{\"name\":\"gpu\",\"addresses\":[\"4\",\"7\"]}'\n";
  }

  @Test
  void aDirectoryWithFilesOfTheUserIsNoPlaceForACluster() throws Exception {
    Path mine = Files.createDirectory(directory.resolve("mine"));
    Files.createDirectory(mine.resolve("work"));

    Outcome outcome = run(CLUSTER, "start", "--dir", mine.toString());

    assertThat(outcome.code()).isEqualTo(2);
    assertThat(outcome.err())
        .isEqualTo(
            "cluster: %s holds files that no cluster made: name another directory with --dir\n"
                .formatted(mine));
    assertThat(mine.resolve("work")).exists();
  }

  @Test
  void valuesThatCannotBeAreMistakes() throws Exception {
    assertThat(run(CLUSTER).err())
        .isEqualTo("cluster: give one of start, stop, status; see cluster --help\n");
    assertThat(run(CLUSTER, "start", "--workers", "two").err())
        .isEqualTo("cluster: --workers is 'two': it must be a number of at least 1\n");
    assertThat(run(CLUSTER, "start", "--memory", "lots").err())
        .isEqualTo("cluster: --memory is 'lots': it must be as in 2g or 1500m\n");
    assertThat(run(CLUSTER, "restart").err())
        .isEqualTo("cluster: there is no 'restart'; see cluster --help\n");
  }

  private void awaitExecutors(int count) throws Exception {
    Patience.until(
        count + " executors",
        () -> processes().stream().filter(path -> path.contains("/work/")).count() >= count,
        directory.resolve("err"));
  }

  /** What belongs to the cluster: working directories of executors, names of the others. */
  private List<String> processes() throws IOException {
    List<String> found = new ArrayList<>();
    try (Stream<Path> processes = Files.list(PROCESSES)) {
      for (Path process :
          processes.filter(p -> p.getFileName().toString().matches("\\d+")).toList()) {
        String at = read(() -> Files.readSymbolicLink(process.resolve("cwd")).toString());
        String command = read(() -> Files.readString(process.resolve("cmdline")));
        if (at.startsWith(state.toString()) || command.contains("cluster=" + state)) {
          found.add(at);
        }
      }
    }
    return found;
  }

  private interface ProcessFile {
    String content() throws IOException;
  }

  /** Nothing, if the process has ended or is another user's. */
  private static String read(ProcessFile file) {
    try {
      return file.content();
    } catch (IOException e) {
      return "";
    }
  }

  private static JsonNode result(Outcome outcome) throws IOException {
    assertThat(outcome.out().lines()).hasSize(1);
    return new ObjectMapper().readTree(outcome.out());
  }

  private Outcome cluster(String action, String... more) throws Exception {
    List<String> command = new ArrayList<>(List.of(CLUSTER, action, "--dir", state.toString()));
    command.addAll(List.of(more));
    return run(command.toArray(new String[0]));
  }

  private Process start(String... command) throws IOException {
    return start(directory.resolve("out"), directory.resolve("err"), command);
  }

  private Process start(Path out, Path err, String... command) throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("SPARK"));
    return builder.start();
  }

  private Outcome run(String... command) throws Exception {
    Path out = Files.createTempFile("cluster", ".out");
    Path err = Files.createTempFile("cluster", ".err");
    try {
      Process process = start(out, err, command);
      Patience.untilEnded(process, out, err);
      return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
    } finally {
      Files.delete(out);
      Files.delete(err);
    }
  }

  private record Outcome(int code, String out, String err) {}
}
