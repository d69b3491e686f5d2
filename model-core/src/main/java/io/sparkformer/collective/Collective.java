package io.sparkformer.collective;

import io.sparkformer.datasets.Closing;
import java.io.Closeable;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.LockSupport;

/**
 * The ranks of one attempt, connected: sums float buffers over all of them, to the same bits for
 * any number of ranks.
 *
 * <p>Every rank has a buffer for each tree node that it adds up itself. Ranks that share memory add
 * up their host's nodes there; the first of each host exchanges what is left with the other hosts
 * over TCP. For use by one thread.
 */
public final class Collective implements Closeable {

  /** A float that changes no other by being added, not even a negative zero. */
  public static final float NEUTRAL = -0f;

  /**
   * The leaders time their exchange, as long as it moves; who waits for them only sees them end.
   */
  private static final int EXCHANGE_SECONDS = 600;

  private static final long REASON_NANOS = 200_000_000;

  private final List<Endpoint> all;
  private final int rank;
  private final Shape shape;
  private final List<List<Integer>> groups;
  private final List<Integer> group;
  private final PeerTimeout timeout;
  private final List<MicroBatchRange> ranges;
  private final int partsBefore;
  private Map<Integer, PeerConnection> peers = Map.of();
  private GroupBuffers buffers;
  private Barrier barrier;
  private HostSum hostSum;
  private HostExchange exchange;

  /**
   * What is summed in each step.
   *
   * @param microBatches of a step; at least as many as ranks
   * @param bucketFloats lengths of the buffers
   */
  public record Shape(int microBatches, List<Integer> bucketFloats) {
    public Shape {
      bucketFloats = List.copyOf(bucketFloats);
      if (microBatches < 1 || bucketFloats.isEmpty() || Collections.min(bucketFloats) < 1) {
        throw new IllegalArgumentException(microBatches + " micro-batches, " + bucketFloats);
      }
    }

    MicroBatchRange step() {
      return MicroBatchRange.ofStep(microBatches);
    }
  }

  private Collective(
      List<Endpoint> all, int rank, Shape shape, List<List<Integer>> groups, PeerTimeout timeout) {
    this.all = List.copyOf(all);
    this.rank = rank;
    this.shape = shape;
    this.groups = groups;
    this.timeout = timeout;
    this.group = groups.stream().filter(g -> g.contains(rank)).findFirst().orElseThrow();
    this.ranges = List.copyOf(parts(List.of(rank)));
    this.partsBefore = parts(group.subList(0, group.indexOf(rank))).size();
  }

  /** A run of one rank, which has nothing to sum and waits for nobody. */
  public static Collective single(int microBatches) {
    return single(new Shape(microBatches, List.of(1)), new PeerTimeout(1, () -> false));
  }

  private static Collective single(Shape shape, PeerTimeout timeout) {
    List<Endpoint> self = List.of(new Endpoint("localhost", 0, "", 0));
    return new Collective(self, 0, shape, List.of(List.of(0)), timeout);
  }

  /**
   * Connects with all other ranks.
   *
   * @param server that was opened before the others were told of it; closed by this
   * @param all ranks, in their order
   * @param rank of this one
   * @param secret that only ranks of this attempt know
   * @throws PeerFailedException if one does not come in time; the message says which
   */
  public static Collective join(
      RendezvousServer server,
      List<Endpoint> all,
      int rank,
      byte[] secret,
      Shape shape,
      PeerTimeout timeout)
      throws IOException {
    try (server) {
      if (all.size() == 1) {
        return single(shape, timeout);
      }
      List<List<Integer>> groups =
          Endpoint.groups(all, ranks -> memoryBytes(shape, ranks, all.size()));
      Collective collective = new Collective(all, rank, shape, groups, timeout);
      try {
        collective.connect(server, secret);
        return collective;
      } catch (IOException | RuntimeException e) {
        collective.leave(e);
        try {
          collective.close();
        } catch (IOException failed) {
          e.addSuppressed(failed);
        }
        throw e;
      }
    }
  }

  private void connect(RendezvousServer server, byte[] secret) throws IOException {
    if (group.size() == 1) {
      buffers = GroupBuffers.alone(shape, parts(group).size());
    }
    peers =
        Rendezvous.connect(
            server,
            all,
            rank,
            groups,
            secret,
            timeout,
            memoryBytes(shape, group, all.size()),
            file ->
                buffers =
                    GroupBuffers.mapped(
                        file, shape, group.size(), parts(group).size(), ranges(group).size()));
    if (group.size() > 1) {
      int index = group.indexOf(rank);
      List<PeerConnection> near =
          group.stream().filter(peers::containsKey).map(peers::get).toList();
      List<String> names = group.stream().map(r -> Endpoint.named(all, r)).toList();
      barrier = new Barrier(buffers.counters(), names, index, near, timeout);
      hostSum = new HostSum(index, group.size(), parts(group), ranges(group));
    }
    if (groups.size() > 1 && group.get(0) == rank) {
      List<PeerConnection> leaders = new ArrayList<>();
      groups.forEach(g -> leaders.add(peers.get(g.get(0))));
      exchange =
          new HostExchange(
              groups.indexOf(group),
              groups.stream().map(this::ranges).toList(),
              leaders,
              shape.step(),
              Collections.max(shape.bucketFloats()),
              timeout);
    }
  }

  private static long memoryBytes(Shape shape, List<Integer> group, int worldSize) {
    return GroupBuffers.bytes(
        shape,
        group.size(),
        parts(shape, group, worldSize).size(),
        ranges(shape, group, worldSize).size());
  }

  /** What the ranks of a group add up, each for itself. */
  private static List<MicroBatchRange> parts(Shape shape, List<Integer> group, int worldSize) {
    List<MicroBatchRange> parts = new ArrayList<>();
    for (int member : group) {
      MicroBatchRange own = MicroBatchRange.ofRank(shape.microBatches(), member, worldSize);
      parts.addAll(shape.step().nodesOf(own));
    }
    return parts;
  }

  /** What a group adds up together. */
  private static List<MicroBatchRange> ranges(Shape shape, List<Integer> group, int worldSize) {
    MicroBatchRange first = MicroBatchRange.ofRank(shape.microBatches(), group.get(0), worldSize);
    MicroBatchRange last =
        MicroBatchRange.ofRank(shape.microBatches(), group.get(group.size() - 1), worldSize);
    return shape.step().nodesOf(new MicroBatchRange(first.first(), last.end()));
  }

  private List<MicroBatchRange> parts(List<Integer> ranks) {
    return parts(shape, ranks, worldSize());
  }

  private List<MicroBatchRange> ranges(List<Integer> ranks) {
    return ranges(shape, ranks, worldSize());
  }

  public int rank() {
    return rank;
  }

  public int worldSize() {
    return all.size();
  }

  /** The nodes that this rank adds up itself, one after the other. */
  public List<MicroBatchRange> microBatchRanges() {
    return ranges;
  }

  /**
   * Where this rank leaves its sum of a node before {@link #allReduce}.
   *
   * @param range index into {@link #microBatchRanges}
   * @param bucket index into the shape's buffers
   * @return floats in this machine's byte order
   */
  public ByteBuffer part(int range, int bucket) {
    return buffers.parts().get(bucket).get(partsBefore + range);
  }

  /**
   * Where the total is after {@link #allReduce}, until the next one; may be the first part's
   * memory.
   */
  public ByteBuffer total(int bucket) {
    return buffers.sums().get(bucket).get(0);
  }

  /**
   * Sums all ranks' parts.
   *
   * @throws PeerFailedException if another rank is lost, late or gives up
   * @throws io.sparkformer.datasets.InvalidInputException if another rank found a user's mistake
   */
  public void allReduce() {
    try {
      allReduceParts();
    } catch (PeerFailedException e) {
      throw rootOf(e);
    }
  }

  /** Whoever notices that a rank left may not be the one that it told why. */
  private RuntimeException rootOf(PeerFailedException failure) {
    long deadline = System.nanoTime() + REASON_NANOS;
    do {
      for (PeerConnection peer : peers.values()) {
        Optional<RuntimeException> reason = peer.reason();
        if (reason.isPresent()) {
          return reason.get();
        }
      }
      LockSupport.parkNanos(REASON_NANOS / 20);
    } while (System.nanoTime() < deadline);
    return failure;
  }

  private void allReduceParts() {
    if (barrier != null) {
      barrier.await(0);
      for (int bucket = 0; bucket < shape.bucketFloats().size(); bucket++) {
        hostSum.sum(buffers.parts().get(bucket), buffers.sums().get(bucket));
      }
      barrier.await(0);
    }
    if (exchange != null) {
      for (List<ByteBuffer> sums : buffers.sums()) {
        exchange.sum(sums);
      }
    }
    if (barrier != null && groups.size() > 1) {
      barrier.await(EXCHANGE_SECONDS);
    }
  }

  /**
   * Ends the work of a task that was told to end; for loops between sums.
   *
   * @throws PeerFailedException then
   */
  public void requireWanted() {
    timeout.begin().requireWanted();
  }

  /** Tells the others why this rank ends before its time. */
  public void leave(Throwable cause) {
    peers.values().forEach(peer -> peer.leave(cause));
  }

  @Override
  public void close() throws IOException {
    List<Closeable> open = new ArrayList<>(peers.values());
    if (exchange != null) {
      open.add(0, exchange);
    }
    try {
      Closing.all(open);
    } finally {
      buffers = null;
      if (barrier != null) {
        System.gc(); // Java unmaps memory with its buffers: the next attempt needs it.
      }
    }
  }
}
