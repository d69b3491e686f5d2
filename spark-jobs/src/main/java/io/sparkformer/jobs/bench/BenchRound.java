package io.sparkformer.jobs.bench;

import io.sparkformer.collective.Collective;
import java.io.Closeable;
import java.util.Arrays;
import java.util.List;

/** One rank's part of a round of {@code bench} with several ranks. */
interface BenchRound extends Closeable {

  /** What the ranks sum. */
  Collective.Shape shape();

  void connect(Collective ranks);

  /** Works; the result is tokens or bytes a second of all ranks together. */
  double run();

  @Override
  void close();

  static BenchRound of(BenchRanks.Plan plan) {
    return plan.kind() == BenchWork.Kind.ALLREDUCE
        ? new Sums(plan)
        : new Training(
            BenchWork.of(plan.kind(), plan.size(), plan.precision(), plan.steps(), plan.workers()));
  }

  /** Training steps. */
  final class Training implements BenchRound {
    private final BenchWork work;

    private Training(BenchWork work) {
      this.work = work;
    }

    @Override
    public Collective.Shape shape() {
      return work.shape();
    }

    @Override
    public void connect(Collective ranks) {
      work.connect(ranks);
    }

    @Override
    public double run() {
      return work.trainedPerSecond();
    }

    @Override
    public void close() {
      work.close();
    }
  }

  /** Sums alone. */
  final class Sums implements BenchRound {
    private static final int WARM_UP = 200;
    private static final int STEPS = 100;

    private final BenchRanks.Plan plan;
    private Collective ranks;

    private Sums(BenchRanks.Plan plan) {
      this.plan = plan;
    }

    @Override
    public Collective.Shape shape() {
      int floats = (int) (plan.megabytes() * 1e6 / Float.BYTES);
      return new Collective.Shape(plan.workers(), List.of(floats));
    }

    @Override
    public void connect(Collective collective) {
      ranks = collective;
    }

    @Override
    public double run() {
      int steps = plan.steps() > 0 ? plan.steps() : STEPS;
      for (int i = 0; i < WARM_UP; i++) {
        ranks.allReduce();
      }
      double[] seconds = new double[steps];
      for (int i = 0; i < steps; i++) {
        long started = System.nanoTime();
        ranks.allReduce();
        seconds[i] = (System.nanoTime() - started) / 1e9;
      }
      Arrays.sort(seconds);
      return plan.megabytes() / 1e3 / seconds[steps / 2];
    }

    @Override
    public void close() {
      // nothing of its own
    }
  }
}
