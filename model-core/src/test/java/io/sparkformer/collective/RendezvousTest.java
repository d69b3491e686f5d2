package io.sparkformer.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.Socket;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("cluster")
@Timeout(60)
class RendezvousTest {

  private static final byte[] SECRET = {1, 2, 3};
  private static final List<List<Integer>> HOSTS = List.of(List.of(0), List.of(1));

  @Test
  void connectionsThatWereHandedOutStayAsTheyAreThoughARankComesAgain() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(2);
    try (RendezvousServer first = RendezvousServer.withoutSharedMemory("127.0.0.1");
        RendezvousServer second = RendezvousServer.withoutSharedMemory("127.0.0.1")) {
      List<Endpoint> all = List.of(first.endpoint(), second.endpoint());
      Future<Map<Integer, PeerConnection>> ofFirst = threads.submit(() -> connect(first, all, 0));
      Future<Map<Integer, PeerConnection>> ofSecond = threads.submit(() -> connect(second, all, 1));
      Map<Integer, PeerConnection> peers = ofFirst.get(20, TimeUnit.SECONDS);
      PeerConnection before = peers.get(1);
      ofSecond.get(20, TimeUnit.SECONDS);

      // The port is open until the collective is made.
      try (Socket again = new Socket(first.endpoint().host(), first.endpoint().port())) {
        again.setSoTimeout(10_000);
        DataInputStream in = new DataInputStream(again.getInputStream());
        DataOutputStream out = new DataOutputStream(again.getOutputStream());
        new Handshake(SECRET).greet(in, out, 1, 0);
        in.readUTF();
        out.write(1);
        out.flush();
        assertThat(in.read()).as("the connection's end").isEqualTo(-1);
      }

      assertThat(peers).containsOnlyKeys(1).containsEntry(1, before);
      assertThatThrownBy(() -> peers.put(2, before))
          .isInstanceOf(UnsupportedOperationException.class);
      assertThat(before.channel().isOpen()).isTrue();
      before.close();
      ofSecond.get().get(0).close();
    } finally {
      threads.shutdownNow();
    }
  }

  private static Map<Integer, PeerConnection> connect(
      RendezvousServer server, List<Endpoint> all, int rank) throws IOException {
    return Rendezvous.connect(
        server, all, rank, HOSTS, SECRET, new PeerTimeout(20, () -> false), 0, path -> {});
  }
}
