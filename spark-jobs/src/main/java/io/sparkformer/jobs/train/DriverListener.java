package io.sparkformer.jobs.train;

import io.sparkformer.jobs.cluster.RunEvent;
import io.sparkformer.jobs.cluster.RunEvents;
import io.sparkformer.run.TrainingEvent;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/** Tells the driver what happens in the first rank. */
final class DriverListener implements Consumer<TrainingEvent> {

  private static final long INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(1);

  private final String runId;
  private final LongConsumer stepDone;
  private long told = System.nanoTime() - INTERVAL_NANOS;

  /**
   * Of a run.
   *
   * @param stepDone told the number of each step that is done
   */
  DriverListener(String runId, LongConsumer stepDone) {
    this.runId = runId;
    this.stepDone = stepDone;
  }

  @Override
  public void accept(TrainingEvent event) {
    if (event instanceof TrainingEvent.Logged line) {
      RunEvents.send(runId, new RunEvent.Measured(line.metric()));
    } else if (event instanceof TrainingEvent.StepDone done) {
      stepDone.accept(done.step());
    } else if (event instanceof TrainingEvent.Underway underway) {
      long now = System.nanoTime();
      if (now - told >= INTERVAL_NANOS) { // a batch may take a millisecond
        told = now;
        RunEvents.send(runId, new RunEvent.Underway(underway.step(), underway.what()));
      }
    }
  }
}
