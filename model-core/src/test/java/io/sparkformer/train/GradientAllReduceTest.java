package io.sparkformer.train;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDManager;
import ai.djl.ndarray.types.DataType;
import ai.djl.ndarray.types.Shape;
import io.sparkformer.collective.Collective;
import io.sparkformer.collective.Endpoint;
import io.sparkformer.collective.MicroBatchRange;
import io.sparkformer.collective.PeerTimeout;
import io.sparkformer.collective.RendezvousServer;
import io.sparkformer.model.Gpt;
import io.sparkformer.model.Precision;
import io.sparkformer.recipe.DataShape;
import io.sparkformer.recipe.Recipe;
import io.sparkformer.run.TinyRun;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(600)
class GradientAllReduceTest {

  private static final int RANKS = 3;
  private static final int MICRO_BATCHES = 5; // the second rank's are two nodes of the tree
  private static final GradientAllReduce.Staging NONE = (manager, floats) -> Optional.empty();
  private static final GradientAllReduce.Staging HOST_MEMORY =
      (manager, floats) ->
          Optional.of(manager.create(new Shape(floats), DataType.FLOAT32, Device.cpu()));

  private interface Work<T> {
    T of(GradientAllReduce allReduce, Gpt model) throws Exception;
  }

  @Test
  void gradientsAndLossesOfAllRanksAreSummed() throws Exception {
    for (GradientAllReduce.Staging staging : List.of(NONE, HOST_MEMORY)) {
      List<List<float[]>> results =
          run(
              staging,
              (allReduce, model) -> {
                try (NDManager manager = model.manager().newSubManager()) {
                  int rank = allReduce.collective().rank();
                  float[] losses = allReduce.neutral(MICRO_BATCHES);
                  List<NDArray> sums = List.of();
                  List<MicroBatchRange> ranges = allReduce.collective().microBatchRanges();
                  for (int i = 0; i < ranges.size(); i++) {
                    for (int m = ranges.get(i).first(); m < ranges.get(i).end(); m++) {
                      losses[m] = m + 0.5f;
                    }
                    sums = filled(manager, model, 1 << (4 * rank + i));
                    allReduce.contribute(i, sums);
                  }
                  float[] all = allReduce.total(sums, losses);
                  return List.of(all, flat(sums));
                }
              });

      for (List<float[]> result : results) {
        assertThat(result.get(0)).containsExactly(0.5f, 1.5f, 2.5f, 3.5f, 4.5f);
        assertThat(result.get(1)).containsOnly(1f + (16f + 32f) + 256f);
      }
    }
  }

  @Test
  void weightsOfTheFirstRankReachAllBitForBit() throws Exception {
    for (GradientAllReduce.Staging staging : List.of(NONE, HOST_MEMORY)) {
      List<float[]> results =
          run(
              staging,
              (allReduce, model) -> {
                List<NDArray> weights = model.weightList().arrays();
                float own = allReduce.collective().rank() == 0 ? -0f : 7f;
                weights.forEach(weight -> weight.muli(0).addi(own));
                weights.get(0).set(new float[(int) weights.get(0).size()]);
                weights.get(0).muli(allReduce.collective().rank() == 0 ? -1f : 1f); // -0 in rank 0
                allReduce.broadcast(weights);
                return flat(weights);
              });

      assertThat(Float.floatToRawIntBits(results.get(1)[0]))
          .isEqualTo(Float.floatToRawIntBits(-0f))
          .isEqualTo(Float.floatToRawIntBits(results.get(0)[0]));
      assertThat(results.get(1)).isEqualTo(results.get(0));
    }
  }

  @Test
  void numbersOfEveryRankReachAll() throws Exception {
    List<long[]> results =
        run(
            NONE,
            (allReduce, model) ->
                allReduce.gather(allReduce.collective().rank() == 0 ? Long.MIN_VALUE + 12345 : -1));

    assertThat(results)
        .allSatisfy(r -> assertThat(r).containsExactly(Long.MIN_VALUE + 12345, -1, -1));
  }

  @Test
  void countsAreSummedExactlyBeyondWhatFloatsHold() throws Exception {
    long beyond = (1L << 24) + 1; // a float's next number is 2^24 + 2
    List<long[]> results =
        run(
            NONE,
            (allReduce, model) -> {
              int rank = allReduce.collective().rank();
              return allReduce.total(
                  new long[] {beyond, rank, 0, 1L << 50, (1L << 60) + rank}, 1L << 62);
            });

    assertThat(results)
        .allSatisfy(
            r -> assertThat(r).containsExactly(3 * beyond, 3, 0, 3L << 50, 3 * (1L << 60) + 3));
  }

  @Test
  void moreNumbersThanOneExchangeHoldsAreSummed() throws Exception {
    List<float[]> results =
        run(
            NONE,
            (allReduce, model) -> {
              float[] numbers = allReduce.neutral(5_000);
              for (int i = allReduce.collective().rank(); i < numbers.length; i += RANKS) {
                numbers[i] = i;
              }
              return allReduce.total(numbers);
            });

    assertThat(results)
        .allSatisfy(
            r -> {
              assertThat(r).hasSize(5_000);
              for (int i = 0; i < r.length; i++) {
                assertThat(r[i]).isEqualTo(i);
              }
            });
  }

  @Test
  void aRankWithOtherWeightsIsFound() {
    assertThatThrownBy(
            () ->
                run(
                    NONE,
                    (allReduce, model) -> {
                      ReplicaCheck check = new ReplicaCheck(model, allReduce);
                      allReduce.broadcast(model.weightList().arrays());
                      check.requireSame(0);
                      if (allReduce.collective().rank() == 1) {
                        model.weightList().arrays().get(0).muli(1 + 1e-6f);
                      }
                      check.requireSame(20);
                      return 0;
                    }))
        .hasRootCauseMessage(
            "after step 20 the weights of ranks [1] differ from those of rank 0: a host's memory is faulty,"
                + " or its processor rounds differently: use hosts of one kind");
  }

  private static List<NDArray> filled(NDManager manager, Gpt model, float value) {
    List<NDArray> arrays = new ArrayList<>();
    for (NDArray weight : model.weightList().arrays()) {
      arrays.add(manager.full(weight.getShape(), value));
    }
    return arrays;
  }

  private static float[] flat(List<NDArray> arrays) {
    float[] all = new float[(int) arrays.stream().mapToLong(NDArray::size).sum()];
    int at = 0;
    for (NDArray array : arrays) {
      float[] values = array.toFloatArray();
      System.arraycopy(values, 0, all, at, values.length);
      at += values.length;
    }
    return all;
  }

  /** Does work in all ranks at once. */
  private static <T> List<T> run(GradientAllReduce.Staging staging, Work<T> work) throws Exception {
    List<RendezvousServer> servers = new ArrayList<>();
    for (int i = 0; i < RANKS; i++) {
      servers.add(RendezvousServer.open("127.0.0.1"));
    }
    List<Endpoint> all = servers.stream().map(RendezvousServer::endpoint).toList();
    PeerTimeout timeout = new PeerTimeout(20, () -> false);
    ExecutorService threads = Executors.newFixedThreadPool(RANKS);
    List<Future<T>> futures = new ArrayList<>();
    for (int i = 0; i < RANKS; i++) {
      int rank = i;
      futures.add(
          threads.submit(
              () -> {
                Recipe recipe = TinyRun.recipe().bind(DataShape.ofVocabulary(11));
                try (Gpt model = Gpt.initialized(recipe.model(), Precision.FP32, Device.cpu(), 1);
                    Collective ranks =
                        Collective.join(
                            servers.get(rank),
                            all,
                            rank,
                            new byte[8],
                            GradientAllReduce.shape(model, MICRO_BATCHES),
                            timeout);
                    GradientAllReduce allReduce =
                        GradientAllReduce.over(ranks, model, MICRO_BATCHES, staging)) {
                  return work.of(allReduce, model);
                }
              }));
    }
    List<T> results = new ArrayList<>();
    try {
      for (Future<T> future : futures) {
        results.add(future.get());
      }
      return results;
    } catch (ExecutionException e) {
      throw new IllegalStateException(e.getCause());
    } finally {
      threads.shutdown();
    }
  }
}
