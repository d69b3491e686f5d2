package io.sparkformer.jobs.bench;

import com.fasterxml.jackson.core.type.TypeReference;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.collective.Collective;
import io.sparkformer.collective.Endpoint;
import io.sparkformer.collective.PeerTimeout;
import io.sparkformer.collective.RendezvousServer;
import io.sparkformer.datasets.Closing;
import io.sparkformer.model.Kernels;
import io.sparkformer.model.Precision;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.SecureRandom;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Ranks for {@code bench}: this process and others like it, which do the same work when this one
 * says so. They talk over the others' standard streams, and work over a collective.
 */
final class BenchRanks implements AutoCloseable {

  private static final JsonMapper JSON = new JsonMapper();
  private static final String LOOPBACK = "127.0.0.1";
  private static final int SECRET_BYTES = 32;
  private static final int TIMEOUT_SECONDS = 60;
  private static final int LAST_SECONDS = 30;

  /**
   * What every rank does.
   *
   * @param kind of work
   * @param size of the model
   * @param precision of training
   * @param threads of one rank
   * @param steps of a round; 0 for some that suit the size
   * @param megabytes of an all-reduce
   * @param transport between ranks
   * @param workers ranks
   */
  record Plan(
      BenchWork.Kind kind,
      BenchWork.Size size,
      Precision precision,
      int threads,
      int steps,
      double megabytes,
      Transport transport,
      int workers) {}

  /** What carries sums. */
  enum Transport {
    /** Shared memory, as between ranks of one host. */
    MEMORY,
    /** TCP, as between hosts. */
    TCP
  }

  private final List<Process> processes;
  private final List<PrintStream> inputs = new ArrayList<>();
  private final Collective collective;
  private final BenchRound round;

  private BenchRanks(List<Process> processes, Collective collective, BenchRound round) {
    this.processes = processes;
    this.collective = collective;
    this.round = round;
    for (Process process : processes) {
      inputs.add(new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8));
    }
  }

  /** Starts the other ranks and connects with them. */
  static BenchRanks start(Plan plan) throws IOException {
    List<Process> processes = new ArrayList<>();
    List<BufferedReader> outputs = new ArrayList<>();
    for (int rank = 1; rank < plan.workers(); rank++) {
      Process process = fork(plan, rank);
      processes.add(process);
      outputs.add(process.inputReader(StandardCharsets.UTF_8));
    }
    RendezvousServer server = server(plan);
    List<Endpoint> all = new ArrayList<>(List.of(server.endpoint()));
    for (BufferedReader output : outputs) {
      all.add(JSON.readValue(output.readLine(), Endpoint.class));
    }
    byte[] secret = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(secret);
    BenchRound round = BenchRound.of(plan);
    for (Process process : processes) {
      PrintStream input = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
      input.println(JSON.writeValueAsString(all));
      input.println(HexFormat.of().formatHex(secret));
    }
    Collective collective =
        Collective.join(
            server, all, 0, secret, round.shape(), new PeerTimeout(TIMEOUT_SECONDS, () -> false));
    round.connect(collective);
    return new BenchRanks(processes, collective, round);
  }

  private static RendezvousServer server(Plan plan) throws IOException {
    return plan.transport() == Transport.TCP
        ? RendezvousServer.withoutSharedMemory(LOOPBACK)
        : RendezvousServer.open(LOOPBACK);
  }

  private static Process fork(Plan plan, int rank) throws IOException {
    List<String> command = new ArrayList<>();
    command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    command.addAll(ManagementFactory.getRuntimeMXBean().getInputArguments());
    command.add("-cp");
    command.add(System.getProperty("java.class.path"));
    command.add(BenchRanks.class.getName());
    command.add(JSON.writeValueAsString(plan));
    command.add(Integer.toString(rank));
    return new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
  }

  /** Does one round in all ranks; its figure is this rank's. */
  double round() throws IOException {
    inputs.forEach(input -> input.println("round"));
    return round.run();
  }

  /** Another rank. */
  public static void main(String[] arguments) throws IOException {
    PrintStream out = System.out;
    System.setOut(System.err); // the engine writes there
    Plan plan = JSON.readValue(arguments[0], Plan.class);
    int rank = Integer.parseInt(arguments[1]);
    BufferedReader in =
        new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
    RendezvousServer server = server(plan);
    out.println(JSON.writeValueAsString(server.endpoint()));
    out.flush();
    Kernels.threads(plan.threads());
    BenchRound round = BenchRound.of(plan);
    List<Endpoint> all = JSON.readValue(in.readLine(), new TypeReference<List<Endpoint>>() {});
    byte[] secret = HexFormat.of().parseHex(in.readLine());
    try (Collective collective =
        Collective.join(
            server,
            all,
            rank,
            secret,
            round.shape(),
            new PeerTimeout(TIMEOUT_SECONDS, () -> false))) {
      round.connect(collective);
      while (in.readLine() != null) {
        round.run();
      }
    } finally {
      round.close();
    }
  }

  @Override
  public void close() throws IOException {
    inputs.forEach(PrintStream::close);
    for (Process process : processes) {
      try {
        if (!process.waitFor(LAST_SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
        }
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        process.destroyForcibly();
      }
    }
    Closing.all(round, collective);
  }
}
