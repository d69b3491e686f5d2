package io.sparkformer.jobs.train;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.cluster.Progress;
import io.sparkformer.jobs.cluster.RunEvent;
import io.sparkformer.run.Metric;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's view of a run: a bar of steps, which also says what is done between them, and a line
 * for each evaluation.
 */
final class TrainProgress implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainProgress.class);

  private final long maxSteps;
  private final RunPage page;
  private Progress progress;
  private Optional<Metric> trainEvaluation = Optional.empty();
  private String trained = "";
  private boolean closed;

  TrainProgress(long maxSteps, RunPage page) {
    this.maxSteps = maxSteps;
    this.page = page;
  }

  synchronized void show(Metric metric) {
    page.measured(metric);
    if (metric.event() == Metric.Event.EVALUATION) {
      evaluated(metric);
      return;
    }
    showTrainAlone();
    if (progress == null) {
      LOG.info("step {}: loss {}", metric.step(), number(metric.loss()));
    }
    trained =
        String.format(
            Locale.ROOT, "loss %.4f, %,.0f tokens/s", metric.loss(), metric.tokensPerSecond());
    stepTo(metric.step(), trained);
  }

  /** An attempt begins. */
  void show(RunEvent.Started started) {
    page.started();
  }

  synchronized void show(RunEvent.Underway underway) {
    stepTo(underway.step(), underway.what());
  }

  private void stepTo(long step, String message) {
    if (closed) {
      return; // a bar would stay open
    }
    if (progress == null) {
      progress = Progress.resume("train", "steps", step, maxSteps);
    }
    progress.stepTo(step, message);
  }

  /** The run has come to its end. */
  synchronized void finished(long step) {
    stepTo(step, "writing the report");
    page.finished(step);
    if (progress != null) {
      progress.complete(step, trained);
    }
  }

  /** Says what takes long: the bar does not move meanwhile. */
  synchronized void show(RunEvent.Working working) {
    if (!closed) {
      LOG.info("still at {}, for {} s", working.what(), working.seconds());
    }
  }

  /** Ends the bar, until there is something to show again. */
  synchronized void pause() {
    showTrainAlone();
    if (progress != null) {
      progress.close();
      progress = null;
    }
  }

  private void evaluated(Metric metric) {
    if (metric.split() == SplitName.TRAIN) {
      showTrainAlone();
      trainEvaluation = Optional.of(metric);
    } else {
      LOG.info(
          "step {}: train loss {}, valid loss {}{}",
          metric.step(),
          trainEvaluation.map(train -> number(train.loss())).orElse("unknown"),
          number(metric.loss()),
          accuracy(metric));
      trainEvaluation = Optional.empty();
      stepTo(metric.step(), trained);
    }
  }

  /** An evaluation that none of the valid split followed. */
  private void showTrainAlone() {
    trainEvaluation.ifPresent(
        train ->
            LOG.info(
                "step {}: train loss {}{}", train.step(), number(train.loss()), accuracy(train)));
    trainEvaluation = Optional.empty();
  }

  private static String accuracy(Metric metric) {
    return metric.macroF1() == null ? "" : ", accuracy " + number(metric.accuracy());
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
