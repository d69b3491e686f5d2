package io.sparkformer.jobs;

import java.io.IOException;
import java.io.Serializable;

/**
 * Work on one unit, on an executor.
 *
 * @param <T> what comes back to the driver; small
 */
@FunctionalInterface
interface UnitTask<T> extends Serializable {

  T run(int unit, Documents documents) throws IOException;
}
