package io.sparkformer.collective;

import io.sparkformer.datasets.Closing;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collection;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Connects a rank with those it talks to: every rank with the leader of its group, whose shared
 * memory it is given, and leaders with each other. Of two leaders the later one connects.
 */
final class Rendezvous {

  private static final Logger LOG = LoggerFactory.getLogger(Rendezvous.class);
  private static final int CONNECT_MILLIS = 5_000;
  private static final int RETRY_MILLIS = 50;
  private static final int MAPPED = 1;

  private final List<Endpoint> all;
  private final int self;
  private final List<Integer> group;
  private final PeerTimeout.Wait wait;
  private final Map<Integer, PeerConnection> peers = new TreeMap<>();
  private final TreeSet<Integer> expected = new TreeSet<>();
  private final Path memory;
  private boolean over;

  private Rendezvous(
      List<Endpoint> all, int self, List<Integer> group, Path memory, PeerTimeout.Wait wait) {
    this.all = all;
    this.self = self;
    this.group = group;
    this.memory = memory;
    this.wait = wait;
  }

  /** What is done with the path of the group's shared memory, while it has a name. */
  interface Mapping {
    void map(Path memory) throws IOException;
  }

  /**
   * Connects.
   *
   * @param groups of ranks, this one in one of them
   * @param memoryBytes that the leader of a group of several provides
   * @return connections to other ranks, by rank
   * @throws PeerFailedException if a rank does not come, or cannot be reached, in time
   */
  static Map<Integer, PeerConnection> connect(
      RendezvousServer server,
      List<Endpoint> all,
      int self,
      List<List<Integer>> groups,
      byte[] secret,
      PeerTimeout timeout,
      long memoryBytes,
      Mapping mapping)
      throws IOException {
    List<Integer> group = groups.stream().filter(g -> g.contains(self)).findFirst().orElseThrow();
    boolean leads = group.get(0) == self;
    Path memory = leads && group.size() > 1 ? SharedMemory.create(memoryBytes) : null;
    Rendezvous rendezvous = new Rendezvous(all, self, group, memory, timeout.begin());
    try {
      if (memory != null) {
        mapping.map(memory);
      }
      Handshake handshake = new Handshake(secret);
      if (leads) {
        rendezvous.lead(server, groups, handshake);
      } else {
        rendezvous.reach(group.get(0), handshake, mapping);
      }
      return rendezvous.end();
    } catch (IOException | RuntimeException e) {
      Collection<PeerConnection> connected = rendezvous.end().values();
      connected.forEach(peer -> peer.leave(e));
      try {
        Closing.all(connected);
      } catch (IOException failed) {
        e.addSuppressed(failed);
      }
      throw e;
    } finally {
      rendezvous.forget();
    }
  }

  private void lead(RendezvousServer server, List<List<Integer>> groups, Handshake handshake)
      throws IOException {
    expected.addAll(group);
    groups.forEach(other -> expected.add(other.get(0)));
    expected.removeIf(rank -> rank <= self); // those before are connected to
    server.receive(handshake, self, new Doorway());
    for (List<Integer> other : groups) {
      if (other.get(0) < self) {
        reach(other.get(0), handshake, path -> {});
      }
    }
    awaitExpected();
  }

  /** What this rank does with those that come. */
  private final class Doorway implements RendezvousServer.Welcome {

    @Override
    public String memoryFor(int rank) {
      return group.contains(rank) ? memory.toString() : "";
    }

    @Override
    public void joined(int rank, SocketChannel channel) throws IOException {
      join(rank, channel);
    }
  }

  /** The connections; a rank that comes now is too late. */
  private synchronized Map<Integer, PeerConnection> end() {
    over = true;
    return Collections.unmodifiableMap(new TreeMap<>(peers));
  }

  private synchronized void join(int rank, SocketChannel channel) throws IOException {
    if (over) {
      throw new IOException(Endpoint.named(all, rank) + " came again when all were connected");
    }
    channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
    PeerConnection before = peers.put(rank, new PeerConnection(channel, Endpoint.named(all, rank)));
    if (before != null) {
      before.close(); // it came again, since it thought that it had not got in
    }
    notifyAll();
  }

  private synchronized void awaitExpected() {
    while (!peers.keySet().containsAll(expected)) {
      wait.requireWanted();
      if (wait.isOver()) {
        TreeSet<Integer> missing = new TreeSet<>(expected);
        missing.removeAll(peers.keySet());
        throw new PeerFailedException(
            String.format(
                "%s did not connect within %d s",
                Endpoint.named(all, missing.first()), wait.seconds()));
      }
      try {
        wait(RETRY_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new PeerFailedException("interrupted");
      }
    }
  }

  private void reach(int rank, Handshake handshake, Mapping mapping) {
    String reason = "no time";
    while (!wait.isOver()) {
      wait.requireWanted();
      try {
        join(rank, connected(rank, handshake, mapping));
        return;
      } catch (IOException e) {
        reason = e.toString();
        LOG.debug("{} is tried again", Endpoint.named(all, rank), e);
      }
      try {
        Thread.sleep(RETRY_MILLIS);
      } catch (InterruptedException e) {
        Thread.currentThread().interrupt();
        throw new PeerFailedException("interrupted");
      }
    }
    throw new PeerFailedException(
        String.format(
            "%s could not be reached within %d s (%s): check that its port is open to other hosts",
            Endpoint.named(all, rank), wait.seconds(), reason));
  }

  private SocketChannel connected(int rank, Handshake handshake, Mapping mapping)
      throws IOException {
    SocketChannel channel = SocketChannel.open();
    try {
      Endpoint peer = all.get(rank);
      channel.socket().connect(new InetSocketAddress(peer.host(), peer.port()), CONNECT_MILLIS);
      DataInputStream in = new DataInputStream(new BoundedInput(channel.socket(), CONNECT_MILLIS));
      DataOutputStream out = new DataOutputStream(channel.socket().getOutputStream());
      handshake.greet(in, out, self, rank);
      String path = in.readUTF();
      if (!path.isEmpty()) {
        mapping.map(Path.of(path));
      }
      out.write(MAPPED);
      out.flush();
      return channel;
    } catch (IOException e) {
      channel.close();
      throw e;
    }
  }

  /** The memory lives on in those that mapped it. */
  private void forget() throws IOException {
    if (memory != null) {
      Files.deleteIfExists(memory);
    }
  }
}
