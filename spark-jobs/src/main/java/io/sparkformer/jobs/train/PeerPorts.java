package io.sparkformer.jobs.train;

import java.io.Closeable;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.util.ArrayList;
import java.util.List;
import org.apache.spark.BarrierTaskContext;

/** Whether every rank can listen on a port of its host, and reach all others' there. */
final class PeerPorts implements Closeable {

  static final String CHECK = "network";

  private static final int TIMEOUT_MILLIS = 5000;

  private final ServerSocket server;
  private final String failure;

  private PeerPorts(ServerSocket server, String failure) {
    this.server = server;
    this.failure = failure;
  }

  /** To be called by all ranks of a barrier stage, each with its host's address. */
  static PreflightCheck check(BarrierTaskContext task, String host) throws IOException {
    // Nothing here may throw between the two barriers: the others wait.
    try (PeerPorts own = open(host, task.getTaskInfos().length)) {
      String[] peers = task.allGather(own.address(host));
      List<String> unreachable = unreachable(peers);
      task.barrier(); // they may be connecting to this one
      return own.result(host, unreachable);
    }
  }

  private static PeerPorts open(String host, int peers) {
    try {
      return new PeerPorts(new ServerSocket(0, peers, InetAddress.getByName(host)), null);
    } catch (IOException e) {
      return new PeerPorts(null, e.getMessage());
    }
  }

  private String address(String host) {
    return server == null ? "" : host + ":" + server.getLocalPort();
  }

  static List<String> unreachable(String[] peers) {
    List<String> unreachable = new ArrayList<>();
    for (String peer : peers) {
      if (!peer.isEmpty() && !connects(peer)) {
        unreachable.add(peer);
      }
    }
    return unreachable;
  }

  private static boolean connects(String peer) {
    int colon = peer.lastIndexOf(':');
    String host = peer.substring(0, colon);
    int port = Integer.parseInt(peer.substring(colon + 1));
    try (Socket socket = new Socket()) {
      socket.connect(new InetSocketAddress(host, port), TIMEOUT_MILLIS);
      return true;
    } catch (IOException e) {
      return false;
    }
  }

  private PreflightCheck result(String host, List<String> unreachable) {
    if (server == null) {
      return PreflightCheck.failed(
          CHECK,
          "no port of %s can be opened (%s)".formatted(host, failure),
          "set SPARK_LOCAL_IP there to an address of that machine");
    }
    return unreachable.isEmpty()
        ? PreflightCheck.ok(CHECK, "each reaches all others")
        : PreflightCheck.failed(
            CHECK,
            "cannot connect to " + String.join(", ", unreachable),
            "open the ports between the executors' machines, in firewalls and network policies");
  }

  @Override
  public void close() throws IOException {
    if (server != null) {
      server.close();
    }
  }
}
