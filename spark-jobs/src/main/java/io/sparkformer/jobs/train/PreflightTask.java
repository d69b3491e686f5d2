package io.sparkformer.jobs.train;

import ai.djl.Device;
import ai.djl.engine.Engine;
import com.sun.management.OperatingSystemMXBean;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.RankDevice;
import io.sparkformer.jobs.cluster.TaskThreads;
import io.sparkformer.torch.TorchEngine;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.BarrierTaskContext;
import org.apache.spark.SparkEnv;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import scala.collection.Iterator;
import scala.collection.JavaConverters;
import scala.runtime.AbstractFunction1;

/** What one rank finds on its executor. What is wrong there is a result: nothing is thrown. */
final class PreflightTask
    extends AbstractFunction1<Iterator<Integer>, Iterator<PreflightTask.Findings>>
    implements Serializable {

  static final String ENGINE = "engine";
  static final String DEVICE = "device";
  static final String DATA = "data";

  private static final long serialVersionUID = 1L;
  private static final Pattern AVAILABLE = Pattern.compile("(?m)^MemAvailable: +(\\d{1,15}) kB$");
  private static final int NAMED_FILES = 3;
  private static final String WITHOUT_SUMS =
      " (some without crc32c: only 'sparkformer dataset verify' checks their contents)";
  private static final java.nio.file.Path SHARED_MEMORY = java.nio.file.Path.of("/dev/shm");

  private final Broadcast<SerializableConfiguration> configuration;
  private final String data;
  private final String probe;
  private final int threads;

  /**
   * @param data a data set, or null
   * @param probe the driver's file, or null
   * @param threads of a rank; 0 for the executor's cores
   */
  PreflightTask(
      Broadcast<SerializableConfiguration> configuration, String data, String probe, int threads) {
    this.configuration = configuration;
    this.data = data;
    this.probe = probe;
    this.threads = threads;
  }

  /**
   * What a rank found.
   *
   * @param totalBytes memory of the machine or of the container
   * @param freeBytes of it, what could be had now
   * @param onGpu whether Spark gave the rank a GPU
   */
  record Findings(
      int rank,
      String host,
      String executor,
      long totalBytes,
      long freeBytes,
      boolean onGpu,
      List<PreflightCheck> checks)
      implements Serializable {}

  /** A check, which may fail in any way. */
  private interface Question {
    PreflightCheck answer() throws IOException;
  }

  @Override
  public Iterator<Findings> apply(Iterator<Integer> partition) {
    try {
      return JavaConverters.asScalaIterator(List.of(findings()).iterator());
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private Findings findings() throws IOException {
    BarrierTaskContext task = BarrierTaskContext.get();
    int rank = task.partitionId();
    String host = RankDevice.host();
    List<PreflightCheck> checks = new ArrayList<>();
    // Before what can hold one rank up: the others would wait.
    checks.add(PeerPorts.check(task, host));
    PreflightCheck engine = ask(ENGINE, this::engine);
    checks.add(engine);
    checks.add(
        engine.hasFailed()
            ? PreflightCheck.skipped(DEVICE, "no engine")
            : ask(DEVICE, this::device));
    if (data != null) {
      checks.add(ask(DATA, () -> data(hadoop(), new Path(data))));
    }
    if (probe != null) {
      checks.add(ask(OutputProbe.CHECK, () -> OutputProbe.answer(hadoop(), new Path(probe), rank)));
    }
    checks.add(ask("shm", this::sharedMemory));
    OperatingSystemMXBean system =
        (OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean();
    return new Findings(
        rank,
        host,
        SparkEnv.get().executorId(),
        system.getTotalMemorySize(), // of the container, where there is one
        Math.min(free(), system.getTotalMemorySize()),
        RankDevice.gpuAddress().isPresent(),
        checks);
  }

  private static PreflightCheck ask(String name, Question question) {
    try {
      return question.answer();
    } catch (IOException | RuntimeException | LinkageError e) {
      return PreflightCheck.failed(
          name, Failure.mistakeIn(e).orElseGet(() -> Failure.rootOf(e)), "");
    }
  }

  private Configuration hadoop() {
    return configuration.value().value();
  }

  private PreflightCheck engine() {
    try {
      Engine engine = TorchEngine.get();
      int perRank = threads > 0 ? threads : TaskThreads.ofThisTask();
      return PreflightCheck.ok(
          ENGINE, "PyTorch %s, %d threads for a rank".formatted(engine.getVersion(), perRank));
    } catch (InvalidInputException e) {
      throw e; // says what to do
    } catch (RuntimeException | LinkageError e) {
      return PreflightCheck.failed(
          ENGINE,
          "its native libraries cannot be loaded (%s)".formatted(Failure.rootOf(e)),
          "build for that machine's platform (Platforms in the README), or set PYTORCH_LIBRARY_PATH");
    }
  }

  private PreflightCheck device() {
    Device device = RankDevice.ofThisTask();
    return PreflightCheck.ok(
        DEVICE,
        device.isGpu()
            ? "GPU %s, the engine's %d"
                .formatted(RankDevice.gpuAddress().orElse(""), device.getDeviceId())
            : "CPU");
  }

  private static PreflightCheck data(Configuration hadoop, Path directory) throws IOException {
    FileSystem fileSystem = Storage.fileSystem(directory, hadoop);
    DatasetManifest manifest = DatasetManifest.read(fileSystem, directory);
    Map<String, Long> sizes = new HashMap<>();
    for (FileStatus file : fileSystem.listStatus(directory)) {
      sizes.put(file.getPath().getName(), file.getLen());
    }
    int files = 0;
    boolean summed = true;
    List<String> wrong = new ArrayList<>();
    for (DatasetManifest.Split split : manifest.splits().values()) {
      for (ShardFile file : split.allFiles()) {
        files++;
        summed &= file.hasSums();
        Long bytes = sizes.get(file.name());
        if (bytes == null) {
          wrong.add(file.name() + " is missing");
        } else if (bytes != file.bytes()) {
          wrong.add(
              "%s has %d bytes where %d are recorded".formatted(file.name(), bytes, file.bytes()));
        }
      }
    }
    return wrong.isEmpty()
        ? PreflightCheck.ok(
            DATA,
            "%s, all %d files%s"
                .formatted(Storage.shown(directory), files, summed ? "" : WITHOUT_SUMS))
        : PreflightCheck.failed(
            DATA,
            "%s: %s".formatted(Storage.shown(directory), firstOf(wrong)),
            "copy the data set again, or make it again with the tokenize job");
  }

  private static String firstOf(List<String> wrong) {
    String first = String.join(", ", wrong.subList(0, Math.min(NAMED_FILES, wrong.size())));
    return wrong.size() <= NAMED_FILES
        ? first
        : "%s and %d more".formatted(first, wrong.size() - NAMED_FILES);
  }

  private PreflightCheck sharedMemory() throws IOException {
    return Files.isDirectory(SHARED_MEMORY)
        ? PreflightCheck.ok(
            "shm",
            "%s free in /dev/shm"
                .formatted(
                    MemoryNeed.shown((double) Files.getFileStore(SHARED_MEMORY).getUsableSpace())))
        : PreflightCheck.skipped("shm", "there is no /dev/shm");
  }

  /** Memory that programs could have; what only caches files counts. */
  private static long free() throws IOException {
    java.nio.file.Path file = java.nio.file.Path.of("/proc/meminfo");
    Optional<MatchResult> available =
        Files.isReadable(file)
            ? AVAILABLE.matcher(Files.readString(file)).results().findFirst()
            : Optional.empty();
    return available.map(match -> Long.parseLong(match.group(1)) * 1024).orElse(Long.MAX_VALUE);
  }
}
