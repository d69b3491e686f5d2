package io.sparkformer.datasets;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/** Closes what belongs together. */
public final class Closing {

  private Closing() {}

  /** As {@link #all(Iterable)}. */
  public static void all(Closeable... resources) throws IOException {
    all(List.of(resources));
  }

  /**
   * Closes all resources in their order, each of them whatever becomes of the others.
   *
   * @throws IOException the first failure, which has the others as suppressed ones
   */
  public static void all(Iterable<? extends Closeable> resources) throws IOException {
    Throwable failure = null;
    for (Closeable resource : resources) {
      try {
        resource.close();
      } catch (IOException | RuntimeException | Error e) {
        if (failure == null) {
          failure = e;
        } else if (e != failure) {
          failure.addSuppressed(e);
        }
      }
    }
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }
}
