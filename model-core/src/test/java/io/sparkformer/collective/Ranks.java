package io.sparkformer.collective;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;

/** The ranks of an attempt as threads of one process, with real sockets and real shared memory. */
final class Ranks {

  private static final byte[] SECRET = {1, 2, 3, 4, 5, 6, 7, 8};

  /** How the ranks are spread over hosts. */
  enum Places {
    ONE_HOST,
    EACH_ITS_OWN,
    TWO_HOSTS
  }

  /** What a rank does. */
  interface Work<T> {
    T of(Collective collective) throws Exception;
  }

  private final List<RendezvousServer> servers = new ArrayList<>();
  private final Collective.Shape shape;
  private final PeerTimeout timeout;

  private Ranks(Collective.Shape shape, PeerTimeout timeout) {
    this.shape = shape;
    this.timeout = timeout;
  }

  static Ranks open(
      int worldSize, Places places, String host, Collective.Shape shape, int timeoutSeconds)
      throws IOException {
    Ranks ranks = new Ranks(shape, new PeerTimeout(timeoutSeconds, () -> false));
    for (int i = 0; i < worldSize; i++) {
      ranks.servers.add(
          switch (places) {
            case ONE_HOST -> RendezvousServer.open(host);
            case EACH_ITS_OWN -> RendezvousServer.withoutSharedMemory(host);
            case TWO_HOSTS ->
                RendezvousServer.open(
                    host, i * 2 < worldSize ? "first" : "second", SharedMemory.freeBytes());
          });
    }
    return ranks;
  }

  List<Endpoint> endpoints() {
    return servers.stream().map(RendezvousServer::endpoint).toList();
  }

  Collective join(int rank) throws IOException {
    return join(rank, SECRET);
  }

  Collective join(int rank, byte[] secret) throws IOException {
    return Collective.join(servers.get(rank), endpoints(), rank, secret, shape, timeout);
  }

  /** Does work in all ranks at once; what one throws, it gives in place of its result. */
  <T> List<Object> run(Work<T> work) throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(servers.size());
    try {
      List<Future<T>> futures = new ArrayList<>();
      for (int i = 0; i < servers.size(); i++) {
        int rank = i;
        futures.add(threads.submit(() -> runOne(rank, work)));
      }
      List<Object> results = new ArrayList<>();
      for (Future<T> future : futures) {
        try {
          results.add(future.get(60, TimeUnit.SECONDS));
        } catch (ExecutionException e) {
          results.add(e.getCause());
        }
      }
      return results;
    } finally {
      threads.shutdownNow();
    }
  }

  private <T> T runOne(int rank, Work<T> work) throws Exception {
    try (Collective collective = join(rank)) {
      try {
        return work.of(collective);
      } catch (Exception e) {
        collective.leave(e);
        throw e;
      }
    }
  }
}
