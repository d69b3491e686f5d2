package io.sparkformer.collective;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.FloatBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

@Tag("cluster")
@Timeout(600)
class CollectiveTest {

  private static final int MICRO_BATCHES = 12;
  private static final List<Integer> BUCKETS = List.of(100_003, 1, 7_000);
  private static final Collective.Shape SHAPE = new Collective.Shape(MICRO_BATCHES, BUCKETS);
  private static final String LOOPBACK = "127.0.0.1";
  private static final int ROUNDS = 3;

  @ParameterizedTest
  @EnumSource(Ranks.Places.class)
  void totalsHaveTheSameBitsForAnyNumberOfRanks(Ranks.Places places) throws Exception {
    List<float[]> expected = treeSums();
    for (int worldSize : new int[] {2, 3, 4, 5, 7, 12}) {
      Ranks ranks = Ranks.open(worldSize, places, LOOPBACK, SHAPE, 20);

      List<Object> results = ranks.run(CollectiveTest::totals);

      for (Object result : results) {
        assertThat(result).as("%d ranks", worldSize).isInstanceOf(List.class);
        List<?> totals = (List<?>) result;
        for (int i = 0; i < expected.size(); i++) {
          assertThat(Arrays.equals((float[]) totals.get(i), expected.get(i)))
              .as("%d ranks, total %d", worldSize, i)
              .isTrue();
        }
      }
    }
  }

  @Test
  void aNeutralPartChangesNothingNotEvenANegativeZero() throws Exception {
    Ranks ranks = Ranks.open(2, Ranks.Places.ONE_HOST, LOOPBACK, SHAPE, 20);

    List<Object> results =
        ranks.run(
            collective -> {
              boolean first = collective.rank() == 0;
              for (int i = 0; i < collective.microBatchRanges().size(); i++) {
                FloatBuffer part = collective.part(i, 0).asFloatBuffer();
                for (int j = 0; j < part.capacity(); j++) {
                  part.put(j, first && j % 2 == 1 ? 1.5f : Collective.NEUTRAL);
                }
              }
              collective.allReduce();
              return new float[] {
                collective.total(0).asFloatBuffer().get(0),
                collective.total(0).asFloatBuffer().get(1)
              };
            });

    for (Object result : results) {
      float[] values = (float[]) result;
      assertThat(Float.floatToRawIntBits(values[0])).isEqualTo(Float.floatToRawIntBits(-0f));
      assertThat(values[1]).isEqualTo(1.5f);
    }
  }

  @Test
  void ranksFindEachOtherOverIpv6() throws Exception {
    assumeTrue(hasIpv6(), "this machine has no IPv6 loopback");
    Ranks ranks = Ranks.open(3, Ranks.Places.EACH_ITS_OWN, "::1", SHAPE, 20);

    List<Object> results = ranks.run(CollectiveTest::totals);

    assertThat(results).allSatisfy(r -> assertThat(r).isInstanceOf(List.class));
  }

  @ParameterizedTest
  @EnumSource(Ranks.Places.class)
  void aRankThatDoesNotComeToASumIsNamed(Ranks.Places places) throws Exception {
    Ranks ranks = Ranks.open(3, places, LOOPBACK, SHAPE, 1);
    AtomicBoolean over = new AtomicBoolean();

    List<Object> results =
        ranks.run(
            collective -> {
              if (collective.rank() == 2) {
                while (!over.get()) {
                  Thread.sleep(20);
                }
                return "hung";
              }
              try {
                return totals(collective);
              } finally {
                Thread.sleep(3_000);
                over.set(true);
              }
            });

    String name = "rank 2 (" + LOOPBACK + ":" + ranks.endpoints().get(2).port() + ") is late";
    assertThat(results.subList(0, 2))
        .anySatisfy(r -> assertThat((Throwable) r).hasMessageContaining(name));
    assertThat(results.subList(0, 2))
        .allSatisfy(r -> assertThat(r).isInstanceOf(PeerFailedException.class));
  }

  @ParameterizedTest
  @EnumSource(Ranks.Places.class)
  void aRankThatIsLostEndsTheOthersAtOnce(Ranks.Places places) throws Exception {
    Ranks ranks = Ranks.open(3, places, LOOPBACK, SHAPE, 3_000); // far beyond the test's timeout

    List<Object> results =
        ranks.run(
            collective -> {
              if (collective.rank() == 1) {
                collective.close(); // as the system does for a process that is killed
                return "gone";
              }
              return totals(collective);
            });

    assertThat(results.get(0)).isInstanceOf(PeerFailedException.class);
    assertThat(results.get(2)).isInstanceOf(PeerFailedException.class);
    String name = "rank 1 (" + LOOPBACK + ":" + ranks.endpoints().get(1).port() + ")";
    assertThat(results).anySatisfy(r -> assertThat(r.toString()).contains(name));
  }

  @ParameterizedTest
  @EnumSource(Ranks.Places.class)
  void aMistakeThatOneRankFindsReachesAll(Ranks.Places places) throws Exception {
    Ranks ranks = Ranks.open(4, places, LOOPBACK, SHAPE, 30);

    List<Object> results =
        ranks.run(
            collective -> {
              if (collective.rank() == 3) {
                throw new InvalidInputException("the disk is full: free some");
              }
              return totals(collective);
            });

    assertThat(results)
        .allSatisfy(
            r ->
                assertThat(r)
                    .isInstanceOf(InvalidInputException.class)
                    .asString()
                    .contains("the disk is full: free some"));
  }

  @Test
  void aRankThatNeverConnectsIsNamed() throws Exception {
    Ranks ranks = Ranks.open(2, Ranks.Places.EACH_ITS_OWN, LOOPBACK, SHAPE, 1);

    assertThatThrownBy(() -> ranks.join(0))
        .isInstanceOf(PeerFailedException.class)
        .hasMessage(
            "rank 1 (127.0.0.1:%d) did not connect within 1 s", ranks.endpoints().get(1).port());
  }

  @Test
  void aRankThatCannotBeReachedIsNamed() throws Exception {
    int closed;
    try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      closed = socket.getLocalPort();
    }
    RendezvousServer server = RendezvousServer.withoutSharedMemory(LOOPBACK);
    List<Endpoint> all = List.of(new Endpoint(LOOPBACK, closed, "", 0), server.endpoint());

    assertThatThrownBy(
            () ->
                Collective.join(
                    server, all, 1, new byte[8], SHAPE, new PeerTimeout(1, () -> false)))
        .isInstanceOf(PeerFailedException.class)
        .hasMessageStartingWith("rank 0 (127.0.0.1:" + closed + ") could not be reached within 1 s")
        .hasMessageEndingWith("check that its port is open to other hosts");
  }

  @Test
  void ranksOfAnotherAttemptAreRefused() throws Exception {
    Ranks ranks = Ranks.open(2, Ranks.Places.EACH_ITS_OWN, LOOPBACK, SHAPE, 2);
    Thread other =
        new Thread(
            () -> {
              try (Collective never = ranks.join(1, new byte[8])) {
                throw new AssertionError("joined " + never.worldSize());
              } catch (IOException | PeerFailedException e) {
                // what is to happen
              }
            });
    other.start();

    assertThatThrownBy(() -> ranks.join(0))
        .isInstanceOf(PeerFailedException.class)
        .hasMessageContaining("did not connect");
    other.join();
  }

  @Test
  void aThousandStrangersHoldUpNobodyAndChangeNoBit() throws Exception {
    Ranks ranks = Ranks.open(3, Ranks.Places.EACH_ITS_OWN, LOOPBACK, SHAPE, 30);
    List<Socket> silent = new ArrayList<>();
    List<float[]> expected = treeSums();
    try {
      for (int i = 0; i < 1_000; i++) {
        Socket socket = new Socket();
        silent.add(socket);
        int port = ranks.endpoints().get(i % 3).port();
        socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), 2_000);
        switch (i % 4) {
          case 0 -> {} // says nothing
          case 1 -> socket.getOutputStream().write("GET / HTTP/1.1\r\n\r\n".getBytes(UTF_8));
          case 2 -> socket.getOutputStream().write(headerWithoutSecret());
          default -> socket.close();
        }
      }

      List<Object> results = ranks.run(CollectiveTest::totals);

      for (Object result : results) {
        assertThat(result).isInstanceOf(List.class);
        assertThat((float[]) ((List<?>) result).get(0)).isEqualTo(expected.get(0));
      }
    } finally {
      for (Socket socket : silent) {
        socket.close();
      }
    }
    for (Endpoint endpoint : ranks.endpoints()) {
      assertThatThrownBy(
              () -> new Socket(InetAddress.getLoopbackAddress(), endpoint.port()).close())
          .as("no port stays open while ranks work")
          .isInstanceOf(IOException.class);
    }
  }

  @Test
  void aTaskThatIsToldToEndStopsWaiting() throws Exception {
    RendezvousServer server = RendezvousServer.withoutSharedMemory(LOOPBACK);
    List<Endpoint> all = List.of(server.endpoint(), new Endpoint(LOOPBACK, 1, "", 0));

    assertThatThrownBy(
            () ->
                Collective.join(
                    server, all, 0, new byte[8], SHAPE, new PeerTimeout(60, () -> true)))
        .hasMessage("the attempt was ended");
  }

  @Test
  void sharedMemoryLosesItsNameAndTooLittleOfItMeansTcp() throws Exception {
    Ranks ranks = Ranks.open(2, Ranks.Places.ONE_HOST, LOOPBACK, SHAPE, 20);
    ranks.run(
        collective -> {
          long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(300);
          while (!sharedFiles().isEmpty()) { // other tests' too, which go as soon
            assertThat(System.nanoTime()).as("a name stays").isLessThan(deadline);
          }
          return 0;
        });
    List<Endpoint> little =
        List.of(new Endpoint("a", 1, "same", 5_000), new Endpoint("a", 2, "same", 9_000));

    assertThat(Endpoint.groups(little, group -> 5_001)).containsExactly(List.of(0), List.of(1));
    assertThat(Endpoint.groups(little, group -> 5_000)).containsExactly(List.of(0, 1));
  }

  @Test
  void ranksOfOneHostAreNeighboursAndTheFirstStaysFirst() {
    Endpoint a = new Endpoint("a", 1, "memory of a", 1);
    Endpoint b = new Endpoint("b", 1, "memory of b", 1);

    assertThat(Endpoint.order(List.of(b, a, b, a))).containsExactly(0, 2, 1, 3);
  }

  private static List<Path> sharedFiles() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("/dev/shm"))) {
      return files.filter(f -> f.getFileName().toString().startsWith("sparkformer-")).toList();
    }
  }

  private static byte[] headerWithoutSecret() {
    byte[] header = Arrays.copyOf("SPKFRM01".getBytes(UTF_8), 60);
    header[11] = 2;
    return header;
  }

  private static boolean hasIpv6() {
    try (RendezvousServer server = RendezvousServer.withoutSharedMemory("::1")) {
      return server.endpoint().port() > 0;
    } catch (IOException e) {
      return false;
    }
  }

  /** Some sums one after the other, as a training run makes them. */
  private static List<float[]> totals(Collective collective) throws IOException {
    List<float[]> totals = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      for (int range = 0; range < collective.microBatchRanges().size(); range++) {
        for (int bucket = 0; bucket < BUCKETS.size(); bucket++) {
          float[] sum = treeSum(collective.microBatchRanges().get(range), round, bucket);
          collective.part(range, bucket).asFloatBuffer().put(sum);
        }
      }
      collective.allReduce();
      for (int bucket = 0; bucket < BUCKETS.size(); bucket++) {
        float[] total = new float[BUCKETS.get(bucket)];
        collective.total(bucket).asFloatBuffer().get(total);
        totals.add(total);
      }
    }
    return totals;
  }

  private static List<float[]> treeSums() {
    List<float[]> sums = new ArrayList<>();
    for (int round = 0; round < ROUNDS; round++) {
      for (int bucket = 0; bucket < BUCKETS.size(); bucket++) {
        sums.add(treeSum(MicroBatchRange.ofStep(MICRO_BATCHES), round, bucket));
      }
    }
    return sums;
  }

  private static float[] treeSum(MicroBatchRange range, int round, int bucket) {
    if (range.isMicroBatch()) {
      Random random = new Random(1_000L * round + 100L * bucket + range.first());
      float[] values = new float[BUCKETS.get(bucket)];
      for (int i = 0; i < values.length; i++) {
        values[i] = (float) random.nextGaussian();
      }
      return values;
    }
    float[] sum = treeSum(range.left(), round, bucket);
    float[] other = treeSum(range.right(), round, bucket);
    for (int i = 0; i < sum.length; i++) {
      sum[i] += other[i];
    }
    return sum;
  }
}
