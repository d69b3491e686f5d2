package io.sparkformer.jobs.cluster;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import io.sparkformer.run.Metric;

/** What a rank tells the driver while it works. */
@JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "type")
@JsonSubTypes({
  @JsonSubTypes.Type(value = RunEvent.Started.class, name = "started"),
  @JsonSubTypes.Type(value = RunEvent.Measured.class, name = "measured"),
  @JsonSubTypes.Type(value = RunEvent.Working.class, name = "working"),
  @JsonSubTypes.Type(value = RunEvent.Underway.class, name = "underway"),
  @JsonSubTypes.Type(value = RunEvent.Mistake.class, name = "mistake")
})
public sealed interface RunEvent {

  /**
   * All ranks are connected and begin.
   *
   * @param attempt of the run, from 0
   * @param step that they go on from
   * @param workers how many they are
   */
  record Started(int attempt, long step, int workers) implements RunEvent {}

  /**
   * A metric was written.
   *
   * @param metric of a step or an evaluation
   */
  record Measured(Metric metric) implements RunEvent {}

  /**
   * Something takes long.
   *
   * @param what the first rank is at, as in "step 3"
   * @param seconds since it began
   */
  record Working(String what, long seconds) implements RunEvent {}

  /**
   * What the ranks do between steps, told about once a second.
   *
   * @param step updates done
   * @param what they do, for people
   */
  record Underway(long step, String what) implements RunEvent {}

  /**
   * The run cannot go on, and need not be tried again.
   *
   * @param message for the user
   */
  record Mistake(String message) implements RunEvent {}
}
