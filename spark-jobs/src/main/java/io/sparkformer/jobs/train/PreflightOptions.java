package io.sparkformer.jobs.train;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.recipe.Recipe;
import org.apache.hadoop.fs.Path;

/**
 * What is to be checked.
 *
 * @param workers ranks
 * @param recipe bound to the data set's vocabulary; null to leave memory unchecked
 * @param data a token data set; null for none
 * @param output of training; null for none
 * @param waitSeconds how long executors may take to come
 */
record PreflightOptions(int workers, Recipe recipe, Path data, Path output, int waitSeconds) {

  static final int WAIT_SECONDS = 60;

  PreflightOptions {
    require(workers > 0, "--workers is %d: it must be at least 1", workers);
    require(waitSeconds >= 0, "--wait-seconds is %d: it must be at least 0", waitSeconds);
  }
}
