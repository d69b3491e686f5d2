package io.sparkformer.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.Closing;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketTimeoutException;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Tag("cluster")
@Timeout(600)
class RendezvousTest {

  private static final byte[] SECRET = {1, 2, 3};
  private static final List<List<Integer>> HOSTS = List.of(List.of(0), List.of(1));
  private static final RendezvousServer.Welcome NOBODY =
      new RendezvousServer.Welcome() {
        @Override
        public String memoryFor(int rank) {
          throw new AssertionError("rank " + rank);
        }

        @Override
        public void joined(int rank, SocketChannel channel) {
          throw new AssertionError("rank " + rank);
        }
      };

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

  @Test
  void threeHundredThatAreSilentOrSlowDelayNoRank() throws Exception {
    ExecutorService threads = Executors.newFixedThreadPool(3);
    List<Socket> visitors = new CopyOnWriteArrayList<>();
    AtomicBoolean over = new AtomicBoolean();
    try (RendezvousServer first = RendezvousServer.withoutSharedMemory("127.0.0.1");
        RendezvousServer second = RendezvousServer.withoutSharedMemory("127.0.0.1")) {
      List<Endpoint> all = List.of(first.endpoint(), second.endpoint());
      for (int i = 0; i < 300; i++) {
        visitors.add(new Socket(first.endpoint().host(), first.endpoint().port()));
      }
      Future<Integer> slow =
          threads.submit(() -> speakSlowly(visitors, first.endpoint(), over::get));

      Future<Map<Integer, PeerConnection>> ofFirst = threads.submit(() -> connect(first, all, 0));
      Thread.sleep(200); // so that they are in before the rank comes
      Future<Map<Integer, PeerConnection>> ofSecond = threads.submit(() -> connect(second, all, 1));

      try (PeerConnection one = ofFirst.get(30, TimeUnit.SECONDS).get(1);
          PeerConnection other = ofSecond.get(30, TimeUnit.SECONDS).get(0)) {
        assertThat(one.channel().isOpen()).isTrue();
        assertThat(other.channel().isOpen()).isTrue();
      }
      over.set(true);
      assertThat(slow.get(20, TimeUnit.SECONDS)).as("visitors that stayed").isPositive();
    } finally {
      over.set(true);
      threads.shutdownNow();
      Closing.all(visitors);
    }
  }

  /** A byte each from half of them, again and again; who is turned away comes again at once. */
  private static int speakSlowly(List<Socket> visitors, Endpoint to, BooleanSupplier over)
      throws IOException, InterruptedException {
    byte[] magic = "SPKFRM01".getBytes(StandardCharsets.US_ASCII);
    int spoken = 0;
    while (!over.getAsBoolean()) {
      for (int i = 0; i < visitors.size() && !over.getAsBoolean(); i += 2) {
        try {
          visitors.get(i).getOutputStream().write(magic[spoken % magic.length]);
        } catch (IOException e) {
          if (over.getAsBoolean()) {
            break;
          }
          visitors.get(i).close();
          visitors.set(i, new Socket(to.host(), to.port()));
        }
      }
      spoken++;
      Thread.sleep(1_000); // 60 bytes are a handshake: longer than a rank waits
    }
    return spoken;
  }

  @Test
  void aVisitorHasOneDeadlineForAllThatItSays() throws Exception {
    try (RendezvousServer server = RendezvousServer.withoutSharedMemory("127.0.0.1")) {
      server.receive(new Handshake(SECRET), 0, NOBODY);
      try (Socket slow = new Socket(server.endpoint().host(), server.endpoint().port())) {
        slow.setSoTimeout(200);
        int said = 0;
        while (isHeard(slow)) {
          slow.getOutputStream().write(said < 8 ? "SPKFRM01".charAt(said) : 0);
          said++;
          assertThat(said).as("bytes, of 60").isLessThan(60);
        }
      }
    }
  }

  /** Whether nothing but the challenge comes for a while; false at the connection's end. */
  private static boolean isHeard(Socket socket) throws IOException {
    try {
      return socket.getInputStream().read() >= 0;
    } catch (SocketTimeoutException e) {
      return true;
    } catch (IOException e) {
      return false; // what was sent at last was not read
    }
  }

  @Test
  void anAnswerThatComesByteByByteHasOneDeadlineToo() throws Exception {
    try (ServerSocket impostor = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
        Socket rank = new Socket(impostor.getInetAddress(), impostor.getLocalPort());
        Socket other = impostor.accept()) {
      BoundedInput in = new BoundedInput(rank, 1_000);
      AtomicInteger read = new AtomicInteger();

      assertThatThrownBy(
              () -> {
                while (read.incrementAndGet() < 100) {
                  other.getOutputStream().write(1);
                  in.read();
                  Thread.sleep(50);
                }
              })
          .isInstanceOf(SocketTimeoutException.class)
          .hasMessage("its answer was not there after 1000 ms");
      other.getOutputStream().write(1);
      assertThat(new BoundedInput(rank, 5_000).read()).as("within the time").isEqualTo(1);
    }
  }

  private static Map<Integer, PeerConnection> connect(
      RendezvousServer server, List<Endpoint> all, int rank) throws IOException {
    return Rendezvous.connect(
        server, all, rank, HOSTS, SECRET, new PeerTimeout(20, () -> false), 0, path -> {});
  }
}
