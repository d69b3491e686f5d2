package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** A job that was started through the launcher, and its executors in processes of their own. */
public final class JobProcess implements AutoCloseable {

  public static final Path CHECKOUT = Path.of("..").toAbsolutePath().normalize();

  private static final Path SPARK = CHECKOUT.resolve("spark-jobs/target/embedded-spark");
  private static final Path PROCESSES = Path.of("/proc");

  private final String mark = "mark.of.job=" + UUID.randomUUID();
  private final Path out;
  private final Path err;
  private final Process process;

  /** How it ended. */
  public record Outcome(int code, String out, String err) {

    public JsonNode result() throws IOException {
      assertThat(code).as(err).isZero();
      assertThat(out.lines()).hasSize(1);
      return new ObjectMapper().readTree(out);
    }
  }

  private JobProcess(
      Path directory, String master, List<String> arguments, Map<String, String> environment)
      throws IOException {
    out = Files.createTempFile(directory, arguments.get(0), ".out");
    err = Files.createTempFile(directory, arguments.get(0), ".err");
    List<String> command = new ArrayList<>();
    if (isLinux()) {
      // A background job of a shell starts its children with SIGINT ignored.
      command.addAll(List.of("env", "--default-signal=INT"));
    }
    command.add(CHECKOUT.resolve("submit/sparkformer").toString());
    command.addAll(arguments);
    command.addAll(List.of("--", "--master", master));
    if (!arguments.contains("--workers") && !master.startsWith("spark:")) {
      process = start(directory, command, environment);
      return;
    }
    command.addAll(List.of("--conf", "spark.executor.memory=512m"));
    if (master.startsWith("spark:")) {
      command.addAll(List.of("--executor-cores", "1"));
    }
    String options = "spark.executor.extraJavaOptions=-Dai.djl.offline=true -D" + mark;
    if (master.startsWith("spark:")) {
      // As executors on this machine are started without a cluster.
      command.addAll(List.of("--conf", "spark.executor.extraClassPath=" + SPARK + "/jars/*"));
      options += " \"-XX:SharedArchiveFile=%s/classes.jsa\"".formatted(SPARK);
      options += " -Xlog:disable -Xlog:all=error:stderr -XX:+UseSerialGC -XX:TieredStopAtLevel=1";
    }
    command.addAll(List.of("--conf", options));
    process = start(directory, command, environment);
  }

  private Process start(Path directory, List<String> command, Map<String, String> environment)
      throws IOException {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectOutput(out.toFile())
            .redirectError(err.toFile());
    builder.environment().keySet().removeIf(name -> name.startsWith("SPARK"));
    builder.environment().putAll(environment);
    return builder.start();
  }

  /**
   * Starts a job in a directory; on a cluster, or with {@code --workers}, its executors can be
   * found.
   */
  public static JobProcess start(Path directory, String master, List<String> arguments)
      throws IOException {
    return start(directory, master, arguments, Map.of());
  }

  /** As above, with variables of the environment. */
  public static JobProcess start(
      Path directory, String master, List<String> arguments, Map<String, String> environment)
      throws IOException {
    return new JobProcess(directory, master, arguments, environment);
  }

  public static Outcome run(Path directory, String master, List<String> arguments)
      throws Exception {
    return run(directory, master, arguments, Map.of());
  }

  public static Outcome run(
      Path directory, String master, List<String> arguments, Map<String, String> environment)
      throws Exception {
    try (JobProcess job = start(directory, master, arguments, environment)) {
      return job.end();
    }
  }

  public static boolean isLinux() {
    return Files.exists(PROCESSES.resolve("self/fd"));
  }

  boolean isAlive() {
    return process.isAlive();
  }

  public ProcessHandle driver() {
    return process.toHandle();
  }

  public String err() throws IOException {
    return Files.readString(err);
  }

  /** Waits until it has ended. */
  public Outcome end() throws Exception {
    Patience.until("the end of the job", () -> !process.isAlive(), out, err);
    return new Outcome(process.exitValue(), Files.readString(out), err());
  }

  /** Waits for something, for as long as the job runs. */
  public void await(String what, Callable<Boolean> condition) throws Exception {
    Patience.until(what, () -> condition.call() || !process.isAlive(), out, err);
    assertThat(condition.call()).as(() -> what + ": " + Patience.endOf(err)).isTrue();
  }

  /** The executors that this job has now, in the order in which they were started. */
  public List<ProcessHandle> executors() throws IOException {
    List<ProcessHandle> found = new ArrayList<>();
    try (Stream<Path> processes = Files.list(PROCESSES)) {
      for (Path entry : processes.filter(JobProcess::isProcess).toList()) {
        String command = command(entry);
        if (command.contains("CoarseGrainedExecutorBackend") && command.contains(mark)) {
          ProcessHandle.of(Long.parseLong(entry.getFileName().toString())).ifPresent(found::add);
        }
      }
    }
    found.sort((a, b) -> Long.compare(a.pid(), b.pid()));
    return found;
  }

  private static boolean isProcess(Path entry) {
    return entry.getFileName().toString().matches("\\d+");
  }

  private static String command(Path entry) {
    try {
      return Files.readString(entry.resolve("cmdline"));
    } catch (IOException e) {
      return ""; // it has ended, or is another user's
    }
  }

  /** Nothing of the job may be there some time after its end. */
  public void requireNothingLeft() throws Exception {
    Patience.until("the end of executors", () -> executors().isEmpty());
  }

  /** Sends STOP, CONT, KILL or INT to a process. */
  public static void signal(String name, ProcessHandle to) throws Exception {
    Process kill = new ProcessBuilder("kill", "-" + name, Long.toString(to.pid())).start();
    kill.waitFor(); // it may have ended by itself
  }

  @Override
  public void close() throws IOException {
    process.destroy(); // lets it end its executors and clear its temporary files away
    process.onExit().completeOnTimeout(process, 15, TimeUnit.SECONDS).join();
    process.destroyForcibly().onExit().join();
    if (isLinux()) {
      for (ProcessHandle executor : executors()) {
        executor.destroyForcibly();
      }
    }
  }
}
