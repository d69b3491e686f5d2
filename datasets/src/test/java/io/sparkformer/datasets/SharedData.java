package io.sparkformer.datasets;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/** Reference files that lie beside the repository; tests that need them are skipped without. */
public final class SharedData {

  private SharedData() {}

  /** A file of ../shared/data. */
  public static Path file(String name) {
    return beside("data/" + name);
  }

  /** A file of ../shared. */
  public static Path beside(String name) {
    Path repository = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(repository.resolve("model-core")) && repository.getParent() != null) {
      repository = repository.getParent();
    }
    Path file = repository.resolveSibling("shared").resolve(name);
    assumeTrue(
        Files.exists(file),
        "skipped: the shared reference file " + name + " is not beside the repository");
    return file;
  }
}
