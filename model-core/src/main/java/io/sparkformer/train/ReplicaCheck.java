package io.sparkformer.train;

import ai.djl.ndarray.NDArray;
import io.sparkformer.model.Gpt;
import java.util.ArrayList;
import java.util.List;
import java.util.zip.CRC32C;

/** Checks that all ranks hold the same weights, bit for bit. */
public final class ReplicaCheck {

  private final Gpt model;
  private final GradientAllReduce allReduce;

  public ReplicaCheck(Gpt model, GradientAllReduce allReduce) {
    this.model = model;
    this.allReduce = allReduce;
  }

  /**
   * Compares, together with all ranks.
   *
   * @throws IllegalStateException in every rank, if they differ
   */
  public void requireSame(long step) {
    long[] sums = allReduce.gather(checksum());
    List<Integer> others = new ArrayList<>();
    for (int rank = 1; rank < sums.length; rank++) {
      if (sums[rank] != sums[0]) {
        others.add(rank);
      }
    }
    if (!others.isEmpty()) {
      throw new IllegalStateException(
          String.format(
              "after step %d the weights of ranks %s differ from those of rank 0: a host's memory is faulty,"
                  + " or its processor rounds differently: use hosts of one kind",
              step, others));
    }
  }

  private long checksum() {
    CRC32C sum = new CRC32C();
    for (NDArray weight : model.weightList().arrays()) {
      sum.update(weight.toByteBuffer(true));
    }
    return sum.getValue();
  }
}
