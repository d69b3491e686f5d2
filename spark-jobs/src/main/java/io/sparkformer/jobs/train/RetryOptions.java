package io.sparkformer.jobs.train;

import static io.sparkformer.datasets.InvalidInputException.require;

/**
 * What a run does about ranks that are lost.
 *
 * @param workers ranks to begin with, and to come back to
 * @param minWorkers the fewest that it goes on with
 * @param maxFailures after so many it gives up at the next one
 * @param waitSeconds how long it waits for executors
 * @param rankTimeoutSeconds how late a rank may be before it counts as lost
 */
public record RetryOptions(
    int workers, int minWorkers, int maxFailures, int waitSeconds, int rankTimeoutSeconds) {

  public RetryOptions {
    require(workers > 0, "--workers is %d: it must be at least 1", workers);
    require(
        minWorkers > 0 && minWorkers <= workers,
        "--min-workers is %d: it must be from 1 to --workers, which is %d",
        minWorkers,
        workers);
    require(maxFailures >= 0, "--max-failures is %d: it must be at least 0", maxFailures);
    require(waitSeconds >= 0, "--wait-seconds is %d: it must be at least 0", waitSeconds);
    require(
        rankTimeoutSeconds > 0,
        "--rank-timeout-seconds is %d: it must be at least 1",
        rankTimeoutSeconds);
  }

  /** What train does about them unless it is told otherwise. */
  public static RetryOptions of(int workers) {
    return new RetryOptions(workers, 1, 3, 60, 60);
  }
}
