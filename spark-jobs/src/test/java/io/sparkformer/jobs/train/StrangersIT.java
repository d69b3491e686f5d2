package io.sparkformer.jobs.train;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparkformer.datasets.SharedData;
import io.sparkformer.jobs.JobProcess;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What connects to the ports of executors and does not belong there. */
@Tag("cluster")
class StrangersIT {

  private static final int STEPS = 120;
  private static final int CONNECTIONS = 1000;
  private static final int LISTENING = 3; // column of the state, 0A
  private static final int INODE = 9;

  @TempDir private Path directory;

  @Test
  void aThousandStrangersChangeNothing() throws Exception {
    assumeTrue(JobProcess.isLinux(), "skipped: ports are looked up in /proc, Linux's");
    Training training = Training.over(SharedData.file("tinyshakespeare/input.txt"), directory);
    training.run(Training.ONE_JVM, "one", STEPS).result();
    TrainedFiles files = training.files("visited");
    List<Socket> strangers = new ArrayList<>();
    try (JobProcess job = training.start(Training.PROCESSES, "visited", STEPS, "--workers", "2")) {
      job.await("steps", () -> files.step() >= 5);
      Set<Integer> ports = new TreeSet<>();
      for (ProcessHandle executor : job.executors()) {
        ports.addAll(ports(executor));
      }
      assertThat(ports)
          .hasSizeGreaterThanOrEqualTo(
              2); // Spark's: a rank's own port is closed once all are connected.
      Random random = new Random(3);
      for (int i = 0; i < CONNECTIONS / ports.size(); i++) {
        for (int port : ports) {
          strangers.add(stranger(port, i % 4, random));
        }
      }
      assertThat(files.step()).as("steps when all had come").isLessThan(STEPS);
      JobProcess.Outcome outcome = job.end();

      assertThat(outcome.result().get("failures").asInt()).isZero();
      job.requireNothingLeft();
    } finally {
      for (Socket stranger : strangers) {
        stranger.close();
      }
    }
    files.requireSameAs(training.files("one"));
  }

  /** One that is silent, talks, knows how ranks greet each other, or goes away at once. */
  private static Socket stranger(int port, int kind, Random random) throws IOException {
    Socket socket = new Socket();
    try {
      socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2000);
      switch (kind) {
        case 0 -> socket.setKeepAlive(true);
        case 1 -> socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(US_ASCII));
        case 2 -> {
          byte[] greeting = new byte[200];
          random.nextBytes(greeting);
          ByteBuffer.wrap(greeting).put("SPKFRM01".getBytes(US_ASCII)).putInt(1);
          socket.getOutputStream().write(greeting);
        }
        default -> socket.close();
      }
    } catch (IOException e) {
      socket.close(); // it was refused, which is an answer too
    }
    return socket;
  }

  /** The ports at which a process listens. */
  private static Set<Integer> ports(ProcessHandle process) throws IOException {
    Set<String> sockets = new HashSet<>();
    Path own = Path.of("/proc", Long.toString(process.pid()));
    try (Stream<Path> files = Files.list(own.resolve("fd"))) {
      for (Path file : files.toList()) {
        sockets.add(target(file));
      }
    }
    Set<Integer> ports = new TreeSet<>();
    for (String table : List.of("tcp", "tcp6")) {
      Path file = own.resolve("net").resolve(table);
      for (String line : Files.exists(file) ? Files.readAllLines(file) : List.<String>of()) {
        String[] columns = line.strip().split("\\s+", -1);
        if (columns[LISTENING].equals("0A")
            && sockets.contains("socket:[" + columns[INODE] + "]")) {
          String local = columns[1];
          ports.add(Integer.parseInt(local.substring(local.indexOf(':') + 1), 16));
        }
      }
    }
    return ports;
  }

  private static String target(Path link) {
    try {
      return Files.readSymbolicLink(link).toString();
    } catch (IOException e) {
      return ""; // closed meanwhile
    }
  }
}
