package io.sparkformer.run;

import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.train.Trainer;
import org.apache.hadoop.fs.Path;

/**
 * What listeners to a training run are told, on the thread that trains, but for {@link
 * CheckpointWritten}.
 */
public sealed interface TrainingEvent {

  /**
   * An update was made.
   *
   * @param step updates done
   * @param result what it did
   */
  record StepDone(long step, Trainer.Step result) implements TrainingEvent {}

  /**
   * A pass over the train split has ended.
   *
   * @param epoch passes done
   * @param step updates done
   */
  record EpochDone(long epoch, long step) implements TrainingEvent {}

  /**
   * A split was evaluated.
   *
   * @param step updates done
   */
  record Evaluated(long step, SplitName split, Evaluation.Result result) implements TrainingEvent {}

  /**
   * A checkpoint is whole, on the thread that wrote it.
   *
   * @param step it is of
   * @param path where it is
   */
  record CheckpointWritten(long step, Path path) implements TrainingEvent {}

  /**
   * What a run does between steps, while it takes long: evaluating, and what comes at the end.
   *
   * @param step updates done
   * @param what it does, for people
   */
  record Underway(long step, String what) implements TrainingEvent {}

  /**
   * A line was added to metrics.jsonl.
   *
   * @param metric the line
   */
  record Logged(Metric metric) implements TrainingEvent {}
}
