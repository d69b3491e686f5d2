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

  /** Deletes a folder with all it holds, if it is there. */
  public static void delete(Path folder) {
    if (Files.notExists(folder)) {
      return;
    }
    try (Stream<Path> files = Files.walk(folder)) {
      for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(file);
      }
    } catch (IOException | UncheckedIOException e) {
      // Whoever cleans the temporary directory will find it.
    }
  }
}
