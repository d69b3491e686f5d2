package io.sparkformer.jobs.input;

import java.io.IOException;
import java.io.Serializable;

/**
 * Work on one unit, on an executor.
 *
 * @param <T> what comes back to the driver; small
 */
@FunctionalInterface
public interface UnitTask<T> extends Serializable {

  T run(int unit, Documents documents) throws IOException;
}
