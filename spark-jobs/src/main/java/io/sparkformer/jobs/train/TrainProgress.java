package io.sparkformer.jobs.train;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.cluster.Progress;
import io.sparkformer.run.Metric;
import java.util.Locale;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The driver's view of a run: a bar of steps, and a line for each evaluation. */
final class TrainProgress implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainProgress.class);

  private final long maxSteps;
  private Progress progress;
  private double trainLoss;
  private boolean closed;

  TrainProgress(long maxSteps) {
    this.maxSteps = maxSteps;
  }

  synchronized void show(Metric metric) {
    if (metric.event() == Metric.Event.EVALUATION) {
      evaluated(metric);
      return;
    }
    if (closed) {
      return; // a bar would stay open
    }
    if (progress == null) {
      LOG.info("step {}: loss {}", metric.step(), number(metric.loss()));
      progress = Progress.resume("train", "steps", metric.step(), maxSteps);
    }
    progress.stepTo(
        metric.step(),
        String.format(
            Locale.ROOT, "loss %.4f, %,.0f tokens/s", metric.loss(), metric.tokensPerSecond()));
  }

  /** Ends the bar, until there is something to show again. */
  synchronized void pause() {
    if (progress != null) {
      progress.close();
      progress = null;
    }
  }

  private void evaluated(Metric metric) {
    if (metric.split() == SplitName.TRAIN) {
      trainLoss = metric.loss();
    } else {
      LOG.info(
          "step {}: train loss {}, valid loss {}{}",
          metric.step(),
          number(trainLoss),
          number(metric.loss()),
          metric.macroF1() == null ? "" : ", accuracy " + number(metric.accuracy()));
    }
  }

  private static String number(double loss) {
    return String.format(Locale.ROOT, "%.4f", loss);
  }

  @Override
  public synchronized void close() {
    closed = true;
    pause();
  }
}
