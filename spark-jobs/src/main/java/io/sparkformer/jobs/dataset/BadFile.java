package io.sparkformer.jobs.dataset;

import java.io.Serializable;

/**
 * A file that is not as its data set's manifest says.
 *
 * @param name within the data set's directory
 */
record BadFile(String name, String reason) implements Serializable {

  @Override
  public String toString() {
    return name + ": " + reason;
  }
}
