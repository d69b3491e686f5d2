package io.sparkformer.jobs.train;

import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.GivenUpException;
import io.sparkformer.jobs.output.OutputLock;
import io.sparkformer.jobs.report.RunDescription;
import io.sparkformer.jobs.report.RunOutcome;
import io.sparkformer.jobs.report.RunReport;
import io.sparkformer.run.Metric;
import io.sparkformer.run.RunDirectory;
import io.sparkformer.run.TrainingRun;
import java.io.IOException;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import org.apache.hadoop.util.ShutdownHookManager;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The driver's report of a run: written again at every evaluation, and when the run has ended,
 * however it did. That a page cannot be written is a warning: it must not take the run with it.
 *
 * <p>Safe for use by many threads.
 */
final class RunPage implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(RunPage.class);

  /** After Spark has stopped, at 40, and before its file systems are closed, at 10. */
  private static final int HOOK_PRIORITY = 20;

  private static final int HOOK_SECONDS = 15;

  private final RunDirectory directory;
  private final OutputLock lock;
  private final TrainSpec spec;
  private final RunDescription run;
  private final long maxSteps;
  private final ExecutorService writer =
      Executors.newSingleThreadExecutor(
          task -> {
            Thread thread = new Thread(task, "run-page");
            thread.setDaemon(true);
            return thread;
          });
  private final Runnable hook = this::interrupted;
  private final AtomicBoolean due = new AtomicBoolean();

  private volatile Pace pace = Pace.UNKNOWN;
  private volatile boolean started;
  private boolean ended;
  private boolean warned;

  /** How fast an attempt is: the first step that was measured, and the newest one. */
  private record Pace(long firstStep, double firstSeconds, long step, double seconds) {

    static final Pace UNKNOWN = new Pace(0, 0, 0, 0);

    Pace plus(long newStep, double newSeconds) {
      return firstSeconds == 0
          ? new Pace(newStep, newSeconds, newStep, newSeconds)
          : new Pace(firstStep, firstSeconds, Math.max(step, newStep), newSeconds);
    }

    OptionalLong secondsLeft(long maxSteps) {
      return step == firstStep
          ? OptionalLong.empty()
          : OptionalLong.of(
              (long) ((maxSteps - step) * (seconds - firstSeconds) / (step - firstStep)));
    }
  }

  RunPage(
      RunDirectory directory, OutputLock lock, TrainSpec spec, RunDescription run, long maxSteps) {
    this.directory = directory;
    this.lock = lock;
    this.spec = spec;
    this.run = run;
    this.maxSteps = maxSteps;
    ShutdownHookManager.get().addShutdownHook(hook, HOOK_PRIORITY, HOOK_SECONDS, TimeUnit.SECONDS);
  }

  /** An attempt has begun, which takes the output for its own. */
  void started() {
    started = true;
    pace = Pace.UNKNOWN;
  }

  /** Takes note of a metric, and has the page written soon if it is an evaluation's. */
  void measured(Metric metric) {
    boolean first = pace.equals(Pace.UNKNOWN);
    pace = pace.plus(metric.step(), metric.timeSeconds());
    if ((first || metric.event() == Metric.Event.EVALUATION) && !due.getAndSet(true)) {
      writer.execute(this::writeRunning);
    }
  }

  private synchronized void writeRunning() {
    due.set(false);
    if (ended) {
      return;
    }
    try {
      Pace now = pace;
      write(new RunOutcome.Running(now.step(), maxSteps, now.secondsLeft(maxSteps)));
    } catch (IOException | RuntimeException | LinkageError e) {
      if (!warned) {
        LOG.warn("the report of the run so far was not written: {}", e.toString());
      }
      warned = true;
    }
  }

  void finished(long step) {
    end(new RunOutcome.Finished(step, step < maxSteps));
  }

  void failed(Exception e) {
    if (ShutdownHookManager.get().isShutdownInProgress() || e instanceof InterruptedException) {
      interrupted(); // which makes Spark fail what was running
      return;
    }
    String message =
        Failure.mistakeIn(e)
            .or(
                () ->
                    e instanceof GivenUpException ? Optional.of(e.getMessage()) : Optional.empty())
            .orElseGet(() -> Failure.rootOf(e));
    end(
        message.endsWith(TrainingRun.DIVERGED)
            ? new RunOutcome.Diverged(message)
            : new RunOutcome.Failed(message));
  }

  private void interrupted() {
    OptionalLong kept = OptionalLong.empty();
    try {
      kept = directory.newestStep();
    } catch (IOException e) {
      LOG.warn("the checkpoints cannot be listed: {}", e.toString());
    }
    long step = Math.max(pace.step(), kept.orElse(0)); // not every step is told of
    end(new RunOutcome.Interrupted(step, kept));
  }

  /** A missing font or full disk must not take a trained model with it. */
  private synchronized void end(RunOutcome outcome) {
    if (ended) {
      return;
    }
    ended = true;
    try {
      if (outcome instanceof RunOutcome.Finished || isOwn()) {
        write(outcome);
        RunReport.drawCurves(directory);
      }
    } catch (IOException | RuntimeException | LinkageError e) {
      LOG.warn("the report was not drawn: {}", e.toString());
    }
  }

  private void write(RunOutcome outcome) throws IOException {
    lock.requireHeld();
    RunReport.write(directory, run, outcome);
  }

  /** Whether the output is no longer what was there before this run. */
  private boolean isOwn() throws IOException {
    return (started && spec.mode().resumes()) || RunReport.isOf(directory, spec.runId());
  }

  @Override
  public void close() {
    writer.shutdown();
    if (!ShutdownHookManager.get().isShutdownInProgress()) {
      ShutdownHookManager.get().removeShutdownHook(hook);
    }
  }
}
