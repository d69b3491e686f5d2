package io.sparkformer.jobs;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The reference files that lie beside the repository, in ../shared/data; tests that need them are
 * skipped without.
 */
public final class SharedData {

  private SharedData() {}

  public static Path file(String name) {
    Path repository = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(repository.resolve("model-core")) && repository.getParent() != null) {
      repository = repository.getParent();
    }
    Path file = repository.resolveSibling("shared").resolve("data").resolve(name);
    assumeTrue(
        Files.exists(file),
        "skipped: the shared reference file " + name + " is not beside the repository");
    return file;
  }
}
