package io.sparkformer.jobs.dataset;

import java.io.Serializable;
import java.util.List;

/**
 * What verify prints.
 *
 * @param ok whether no file is bad
 * @param files files that were checked
 * @param bytes in them, as recorded
 */
record DatasetVerifyResult(
    boolean ok, int files, long bytes, List<DatasetVerifyResult.BadFile> bad) {

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
}
