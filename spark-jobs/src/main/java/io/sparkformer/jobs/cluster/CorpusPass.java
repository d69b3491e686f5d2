package io.sparkformer.jobs.cluster;

import io.sparkformer.datasets.InvalidInputException;
import java.util.function.Supplier;

/** A pass of Spark's over a corpus or a data set, with its progress shown. */
public final class CorpusPass {

  private CorpusPass() {}

  /**
   * Does work that reads documents; if it fails, no task of it runs any more.
   *
   * @param group that the work's Spark jobs are in
   * @param what is done, for the display
   * @param bytes how much will be read
   * @throws InvalidInputException if a task found a mistake in the corpus
   */
  public static <T> T watched(JobGroup group, String what, long bytes, Supplier<T> work)
      throws Exception {
    return watched(group, what, bytes, "documents", work);
  }

  /**
   * Does the work; if it fails, no task of it runs any more.
   *
   * @param group that the work's Spark jobs are in
   * @param what is done, for the display
   * @param bytes how much will be read
   * @param records what tasks count as records that they read
   * @throws InvalidInputException if a task found a mistake in the corpus
   */
  public static <T> T watched(
      JobGroup group, String what, long bytes, String records, Supplier<T> work) throws Exception {
    try (Progress progress = Progress.start(what, "kB", bytes / InputProgress.UNIT_BYTES)) {
      InputProgress listener = new InputProgress(progress, group, records, "tokens");
      group.listen(listener);
      try {
        T result = work.get();
        listener.complete();
        return result;
      } catch (Exception e) { // Spark's are checked, though its methods do not say so
        group.giveUp(e); // its tasks would write into what the job then deletes
        if (e instanceof RuntimeException) {
          throw e;
        }
        throw Failure.mistakeIn(e)
            .<Exception>map(message -> new InvalidInputException(message, e))
            .orElse(e);
      } finally {
        group.forget(listener);
      }
    }
  }
}
