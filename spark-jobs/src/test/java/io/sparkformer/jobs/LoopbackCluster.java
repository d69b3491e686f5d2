package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** A standalone cluster of processes, by submit/cluster. */
public final class LoopbackCluster implements AutoCloseable {

  private final Path directory;
  private final int port;

  private LoopbackCluster(Path directory, int port) {
    this.directory = directory;
    this.port = port;
  }

  /** Starts one of workers with a core each, which keeps its files in a new directory. */
  public static LoopbackCluster start(Path directory, int workers) throws Exception {
    int port = freePort();
    LoopbackCluster cluster = new LoopbackCluster(directory, port);
    cluster.run(
        "start",
        "--workers",
        Integer.toString(workers),
        "--memory",
        "1g",
        "--port",
        Integer.toString(port));
    return cluster;
  }

  public static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return free.getLocalPort();
    }
  }

  public String master() {
    return "spark://127.0.0.1:" + port;
  }

  /** The Worker that plays a machine, from 1. */
  public ProcessHandle worker(int number) throws IOException {
    String pid = Files.readString(directory.resolve("worker-" + number + ".pid")).strip();
    return ProcessHandle.of(Long.parseLong(pid)).orElseThrow();
  }

  private void run(String action, String... more) throws IOException {
    List<String> command =
        new ArrayList<>(
            List.of(
                JobProcess.CHECKOUT.resolve("submit/cluster").toString(),
                action,
                "--dir",
                directory.toString()));
    command.addAll(List.of(more));
    Path log = Files.createTempFile("cluster", ".log");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
      builder.environment().keySet().removeIf(name -> name.startsWith("SPARK"));
      Process process = builder.start();
      try {
        process.onExit().completeOnTimeout(process, 60, TimeUnit.SECONDS).join();
        assertThat(process.isAlive()).as(action + " ended in time").isFalse();
      } finally {
        process.destroyForcibly();
      }
      assertThat(process.exitValue()).as(Files.readString(log)).isZero();
    } finally {
      Files.delete(log);
    }
  }

  @Override
  public void close() throws IOException {
    run("stop");
  }
}
