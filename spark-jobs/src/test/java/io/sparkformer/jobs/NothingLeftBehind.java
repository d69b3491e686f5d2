package io.sparkformer.jobs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.extension.AfterEachCallback;
import org.junit.jupiter.api.extension.BeforeEachCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * No test may leave files of executors, or shared memory, that were not there before. Those of jobs
 * that other tests run meanwhile are used, or going.
 */
public final class NothingLeftBehind implements BeforeEachCallback, AfterEachCallback {

  private static final Path WORK =
      JobProcess.CHECKOUT.resolve("spark-jobs/target/embedded-spark/work");
  private static final Path SHARED_MEMORY = Path.of("/dev/shm");
  private static final Path PROCESSES = Path.of("/proc");

  private Set<Path> before;

  @Override
  public void beforeEach(ExtensionContext test) throws Exception {
    before = files();
  }

  @Override
  public void afterEach(ExtensionContext test) throws Exception {
    Patience.until("what is left behind goes", () -> left().isEmpty());
  }

  private Set<Path> left() throws IOException {
    Set<Path> left = files();
    left.removeAll(before);
    if (!left.isEmpty()) {
      Set<Path> places = workingDirectories();
      left.removeIf(file -> places.stream().anyMatch(place -> place.startsWith(file)));
    }
    return left;
  }

  private static Set<Path> files() throws IOException {
    Set<Path> found = new HashSet<>(list(WORK, "app-"));
    found.addAll(list(SHARED_MEMORY, "sparkformer-"));
    return found;
  }

  private static Set<Path> list(Path directory, String prefix) throws IOException {
    if (!Files.isDirectory(directory)) {
      return Set.of();
    }
    Set<Path> found = new HashSet<>();
    try (Stream<Path> files = Files.list(directory)) {
      files.filter(f -> f.getFileName().toString().startsWith(prefix)).forEach(found::add);
    }
    return found;
  }

  private static Set<Path> workingDirectories() throws IOException {
    Set<Path> found = new HashSet<>();
    for (Path process : list(PROCESSES, "")) {
      workingDirectory(process).ifPresent(found::add);
    }
    return found;
  }

  private static Optional<Path> workingDirectory(Path process) {
    try {
      return Optional.of(Files.readSymbolicLink(process.resolve("cwd")));
    } catch (IOException e) {
      return Optional.empty(); // it is none, has ended, or is another user's
    }
  }
}
