package io.sparkformer.jobs.train;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Storage;
import io.sparkformer.jobs.cluster.BarrierStage;
import io.sparkformer.jobs.cluster.ExecutorMonitor;
import io.sparkformer.jobs.cluster.Failure;
import io.sparkformer.jobs.cluster.FullDisk;
import io.sparkformer.jobs.cluster.GivenUpException;
import io.sparkformer.jobs.cluster.Interruption;
import io.sparkformer.jobs.cluster.JobGroup;
import io.sparkformer.jobs.cluster.RunEvent;
import io.sparkformer.jobs.cluster.RunEvents;
import io.sparkformer.jobs.output.OutputLock;
import io.sparkformer.run.RunDirectory;
import io.sparkformer.run.TrainingResult;
import java.io.IOException;
import java.security.SecureRandom;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.api.java.JavaFutureAction;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A training run as barrier stages, one after the other until one succeeds: Spark itself never
 * tries a barrier stage with results again.
 */
final class TrainRetries implements AutoCloseable {

  private static final Logger LOG = LoggerFactory.getLogger(TrainRetries.class);
  private static final int SECRET_BYTES = 32;

  private static final String KEPT =
      "; checkpoints are kept: go on with --resume, or --overwrite if there is none yet";

  /** A task that was told to end does so when its engine call returns and storage has answered. */
  private static final int SETTLE_SECONDS = 120;

  /** How long who presses Ctrl-C waits for a checkpoint. */
  private static final int KEEP_SECONDS = 5;

  private final JavaSparkContext spark;
  private final TrainSpec spec;
  private final RetryOptions retry;
  private final TrainProgress progress;
  private final OutputLock lock;
  private final JobGroup group;
  private final ExecutorMonitor executors;
  private final Broadcast<SerializableConfiguration> configuration;
  private final Interruption interruption;

  private int failures; // each ended an attempt, so this is the running one's number
  private String failure = "";
  private volatile Optional<String> mistake = Optional.empty();
  private volatile boolean ending;

  /**
   * How it ended.
   *
   * @param result of the attempt that succeeded
   * @param workers that it had
   * @param failures before it
   */
  record Done(TrainingResult result, int workers, int failures) {}

  TrainRetries(
      JavaSparkContext spark,
      TrainSpec spec,
      RetryOptions retry,
      TrainProgress progress,
      OutputLock lock) {
    this.spark = spark;
    this.spec = spec;
    this.retry = retry;
    this.progress = progress;
    this.lock = lock;
    this.group = JobGroup.begin(spark, "train");
    this.executors = ExecutorMonitor.of(group);
    this.configuration =
        spark.broadcast(new SerializableConfiguration(spark.hadoopConfiguration()));
    lock.whenLost(group::cancel);
    this.interruption = Interruption.of(this::interrupted);
  }

  /**
   * Runs the attempts.
   *
   * @throws InvalidInputException if there is a user's mistake, or too few executors
   * @throws GivenUpException if it failed more often than allowed
   * @throws ExecutionException if it failed in the driver's own JVM
   * @throws IOException if the output's lock cannot be read or written
   */
  Done run() throws ExecutionException, GivenUpException, InterruptedException, IOException {
    RunEvents.listen(spec.runId(), this::receive);
    while (true) {
      int workers = workers();
      try {
        return new Done(train(workers), workers, failures);
      } catch (ExecutionException e) {
        failed(e);
      }
    }
  }

  /** Leaves nothing behind in an application that goes on. */
  @Override
  public void close() {
    interruption.forget();
    RunEvents.forget(spec.runId());
    group.cancel(); // what an interrupted driver has left running
    executors.close();
    group.close();
  }

  private int workers() throws InterruptedException {
    if (executors.count() < retry.workers()) {
      LOG.info(
          "{} of {} executors are here, waiting for the others",
          executors.count(),
          retry.workers());
    }
    int here = executors.await(retry.workers(), retry.waitSeconds());
    if (here < retry.minWorkers()) {
      throw new InvalidInputException(
          String.format(
              "%d of %d executors came within %d s, and --min-workers is %d: free resources in the cluster, or lower"
                  + " --min-workers, and go on with --resume%s",
              here, retry.workers(), retry.waitSeconds(), retry.minWorkers(), afterFailure()));
    }
    return Math.min(here, retry.workers());
  }

  private synchronized String afterFailure() {
    return failure.isEmpty() ? "" : " (" + failure + ")";
  }

  private TrainingResult train(int workers)
      throws ExecutionException, InterruptedException, IOException {
    executors.forget();
    if (workers > 1) {
      NetworkEncryption.warnOnce(spark.sc().applicationId(), spark.getConf());
    }
    byte[] secret = new byte[SECRET_BYTES];
    new SecureRandom().nextBytes(secret);
    TrainTask task = new TrainTask(configuration, spec, failures, lock.token(failures), secret);
    List<TrainTask.Outcome> outcomes =
        outcomes(
            BarrierStage.of(spark, workers, task, TrainTask.Outcome.class).collectAsync(), workers);
    for (TrainTask.Outcome outcome : outcomes) {
      if (outcome instanceof TrainTask.Outcome.Mistaken mistaken) {
        throw new InvalidInputException(mistaken.message());
      }
    }
    return ((TrainTask.Outcome.Trained) outcomes.get(0)).result();
  }

  /** Awaits an attempt, and ends one that cannot begin since executors went away before. */
  private List<TrainTask.Outcome> outcomes(
      JavaFutureAction<List<TrainTask.Outcome>> attempt, int workers)
      throws ExecutionException, InterruptedException {
    long waiting = System.nanoTime();
    while (true) {
      try {
        return attempt.get(1, TimeUnit.SECONDS);
      } catch (TimeoutException e) {
        if (executors.areAtWork() || executors.count() >= workers) {
          waiting = System.nanoTime();
        } else if (System.nanoTime() - waiting > TimeUnit.SECONDS.toNanos(retry.waitSeconds())) {
          attempt.cancel(true);
          throw new ExecutionException(
              "only " + executors.count() + " of " + workers + " executors are left", e);
        }
      }
    }
  }

  /** Ends the attempt, which keeps what it has; the JVM waits for it a little. */
  private void interrupted() {
    ending = true;
    progress.pause();
    group.cancel();
    try {
      group.awaitEnd(KEEP_SECONDS);
      tellKept();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  private void tellKept() {
    try {
      OptionalLong kept =
          RunDirectory.of(spark.hadoopConfiguration(), new Path(spec.output())).newestStep();
      if (kept.isPresent()) {
        LOG.warn(
            "interrupted; the checkpoint of step {} is kept: go on with --resume",
            kept.getAsLong());
      } else {
        LOG.warn("interrupted before there was a checkpoint: start again with --overwrite");
      }
    } catch (IOException e) {
      LOG.warn("interrupted; the checkpoints cannot be listed: {}", e.toString());
    }
  }

  private void failed(ExecutionException e)
      throws ExecutionException, GivenUpException, InterruptedException {
    if (ending) {
      group.awaitEnd(KEEP_SECONDS); // the output is the ranks' until they have kept what they have
      throw e;
    }
    Optional<String> found = mistake.or(() -> Failure.mistakeIn(e));
    if (found.isPresent()) {
      throw new InvalidInputException(found.get(), e);
    }
    Optional<String> full = FullDisk.in(e, Optional.of(Storage.shown(new Path(spec.output()))));
    if (full.isPresent()) { // another attempt would meet the same
      throw new GivenUpException(full.get() + KEPT, e);
    }
    requireOutput(e);
    if (executors.areTheDriver() || spark.sc().isStopped()) {
      throw e; // nothing was lost that could come back
    }
    progress.pause();
    tellFailure("before it went on");
    executors.settle(SETTLE_SECONDS);
    String told = count(executors.whatHappened().orElseGet(() -> Failure.rootOf(e)));
    if (failures > retry.maxFailures()) {
      throw new GivenUpException(told + KEPT, e);
    }
    LOG.debug("the failure in full", e);
  }

  private void requireOutput(ExecutionException failure) throws GivenUpException {
    try {
      lock.requireHeld();
    } catch (IOException e) {
      e.addSuppressed(failure);
      throw new GivenUpException(e.getMessage(), e);
    }
  }

  /** Counts a failure and ends its attempt, of which nothing that is still to come is believed. */
  private synchronized String count(String what) {
    failures++;
    failure = String.format("failure %d of at most %d: %s", failures, retry.maxFailures(), what);
    return failure;
  }

  private synchronized void tellFailure(String then) {
    if (!failure.isEmpty()) {
      LOG.warn("{}; {}", failure, then);
      failure = "";
    }
  }

  private void receive(RunEvent event) {
    if (event instanceof RunEvent.Measured measured) {
      progress.show(measured.metric());
    } else if (event instanceof RunEvent.Working working) {
      progress.show(working);
    } else if (event instanceof RunEvent.Started started) {
      progress.show(started);
      began(started);
    } else if (event instanceof RunEvent.Underway underway) {
      progress.show(underway);
    } else if (event instanceof RunEvent.Mistake found) {
      mistake = Optional.of(found.message());
    }
  }

  private synchronized void began(RunEvent.Started started) {
    if (started.attempt() == failures) {
      tellFailure(
          String.format("resumed from step %d with %d ranks", started.step(), started.workers()));
    }
  }
}
