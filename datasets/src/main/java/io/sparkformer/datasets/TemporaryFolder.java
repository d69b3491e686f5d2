package io.sparkformer.datasets;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;
import java.util.stream.Stream;

/** Folders of the temporary directory that go with the JVM. */
public final class TemporaryFolder {

  private TemporaryFolder() {}

  /** A new folder, which is deleted with all it holds when the JVM exits. */
  public static Path create(String prefix) throws IOException {
    Path folder = Files.createTempDirectory(prefix);
    Runtime.getRuntime()
        .addShutdownHook(new Thread(() -> delete(folder), "delete " + folder.getFileName()));
    return folder;
  }

  private static void delete(Path folder) {
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      // The JVM is exiting: whoever cleans the temporary directory will find it.
    }
  }
}
