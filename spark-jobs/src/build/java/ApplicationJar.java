import java.io.IOException;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import java.util.stream.Stream;

/**
 * Makes the application jar: the native libraries' jar, taken as it is, with our classes added.
 *
 * <p>The JDK's zip file system copies the entries that it finds in a jar without compressing them
 * anew, which for libtorch's 450 MB is the difference between two seconds and half a minute.
 */
final class ApplicationJar {
  private ApplicationJar() {}

  /** Arguments: the jar to make, the jar of classes, the directory that holds the natives' jar. */
  public static void main(String[] args) throws IOException {
    Path jar = Path.of(args[0]);
    Path classes = Path.of(args[1]);
    Path making = jar.resolveSibling(jar.getFileName() + ".part");
    List<Path> natives = jarsIn(Path.of(args[2]));
    if (natives.isEmpty()) {
      Files.copy(classes, making, StandardCopyOption.REPLACE_EXISTING);
    } else {
      Files.copy(natives.get(0), making, StandardCopyOption.REPLACE_EXISTING);
      add(classes, making);
    }
    Files.move(making, jar, StandardCopyOption.REPLACE_EXISTING);
  }

  private static List<Path> jarsIn(Path directory) throws IOException {
    if (!Files.isDirectory(directory)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(directory)) {
      return files.filter(file -> file.toString().endsWith(".jar")).toList();
    }
  }

  private static void add(Path classes, Path jar) throws IOException {
    try (FileSystem from = FileSystems.newFileSystem(classes);
        FileSystem to = FileSystems.newFileSystem(jar);
        Stream<Path> entries = Files.walk(from.getPath("/"))) {
      for (Path entry : (Iterable<Path>) entries::iterator) {
        Path target = to.getPath(entry.toString());
        if (Files.isDirectory(entry)) {
          Files.createDirectories(target);
        } else {
          Files.copy(entry, target, StandardCopyOption.REPLACE_EXISTING);
        }
      }
    }
  }
}
