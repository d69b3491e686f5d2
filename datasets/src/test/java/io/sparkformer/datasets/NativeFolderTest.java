package io.sparkformer.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeFolderTest {

  private static final String ENGINE = "ENGINE_CACHE_DIR";
  private static final String CACHE = "DJL_CACHE_DIR";
  private static final String HOME = "user.home";

  private final Map<String, String> before = new HashMap<>();

  @TempDir private Path directory;

  @BeforeEach
  void noSettings() {
    for (String variable : List.of(ENGINE, CACHE)) {
      assumeTrue(System.getenv(variable) == null, "skipped: " + variable + " is set");
    }
    for (String key : List.of(ENGINE, CACHE, HOME)) {
      before.put(key, System.getProperty(key));
    }
    System.clearProperty(ENGINE);
    System.clearProperty(CACHE);
  }

  @AfterEach
  void putSettingsBack() {
    before.forEach(
        (key, value) -> {
          if (value == null) {
            System.clearProperty(key);
          } else {
            System.setProperty(key, value);
          }
        });
  }

  @Test
  void itIsMadeInTheHomeDirectoryForTheUserAlone() throws IOException {
    System.setProperty(HOME, directory.toString());

    assertThat(folderOfDjl()).isEqualTo(directory.resolve(".djl.ai/sparkformer"));

    assertThat(permissions(directory.resolve(".djl.ai"))).isEqualTo("rwx------");
    assertThat(permissions(directory.resolve(".djl.ai/sparkformer"))).isEqualTo("rwx------");
  }

  @Test
  void aCacheDirectoryOthersReadStaysAsItIs() throws IOException {
    Path cache = Files.createDirectory(directory.resolve("cache"));
    Files.setPosixFilePermissions(cache, PosixFilePermissions.fromString("rwxrwxrwx"));
    System.setProperty(CACHE, cache.toString());

    assertThat(folderOfDjl()).isEqualTo(cache.resolve("sparkformer"));

    assertThat(permissions(cache)).isEqualTo("rwxrwxrwx");
    assertThat(permissions(cache.resolve("sparkformer"))).isEqualTo("rwx------");
  }

  @Test
  void withoutAHomeItIsAFolderThatNobodyCanGuessAndGoesWithTheJvm() throws IOException {
    System.setProperty(HOME, directory.resolve("nowhere").toString());

    Path folder = folderOfDjl();

    assertThat(folder.getParent())
        .isEqualTo(Path.of(System.getProperty("io.sparkformer.temporary-folder")));
    assertThat(permissions(folder)).isEqualTo("rwx------");
    assertThat(folderOfDjl()).as("the next library's").isEqualTo(folder);
  }

  @Test
  void oneThatIsASymbolicLinkIsRefused() throws IOException {
    Path target = Files.createDirectory(directory.resolve("target"));
    Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwx------"));
    Path link = Files.createSymbolicLink(directory.resolve("link"), target);

    requireRefused(link, "it is a symbolic link");
  }

  @Test
  void oneThatOthersMayEnterIsRefused() throws IOException {
    Path open = Files.createDirectory(directory.resolve("open"));
    Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rwxr-xrwx"));

    requireRefused(
        open,
        "its permissions are rwxr-xrwx, so that others may get in (chmod 700 it if you trust what it holds)");
  }

  @Test
  void anotherUsersIsRefused() throws IOException {
    Path others = Files.createDirectory(directory.resolve("others"));
    Files.setPosixFilePermissions(others, PosixFilePermissions.fromString("rwx------"));
    String user = Files.getOwner(directory).getName();
    try {
      Files.setOwner(
          others,
          others.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody"));
    } catch (IOException e) {
      assumeTrue(false, "skipped: only root gives files away");
    }

    requireRefused(others, "it belongs to nobody, not to " + user);
  }

  @Test
  void aFileInTheWayIsNamed() throws IOException {
    Path file = Files.writeString(directory.resolve("file"), "");

    requireRefused(file, "it is a file");
    requireRefused(file.resolve("natives"), file + " is no directory");
  }

  @Test
  void aFileSystemThatTakesNothingIsNamed() {
    Path processes = Path.of("/proc");
    assumeTrue(Files.isDirectory(processes.resolve("self")), "skipped: there is no /proc");

    requireRefused(processes.resolve("natives"), "/proc/natives is not there and cannot be made");
  }

  @Test
  void whatFailsThereForWantOfRoomSaysSoAndOtherFailuresStayThemselves() throws IOException {
    Path folder = directory.resolve("natives");
    System.setProperty(ENGINE, folder.toString());

    assertThatThrownBy(
            () ->
                NativeFolder.load(
                    () -> {
                      throw new IllegalStateException(
                          "Failed to extract PyTorch native library",
                          new UncheckedIOException(
                              new FileSystemException("x.so", null, "No space left on device")));
                    }))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message(folder, "No space left on device"));
    assertThatThrownBy(
            () ->
                NativeFolder.load(
                    () -> {
                      throw new UnsatisfiedLinkError(
                          "x.so: failed to map segment from shared object");
                    }))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message(folder, "no program may be run from that file system (noexec)"));
    UnsatisfiedLinkError old = new UnsatisfiedLinkError("version `GLIBC_9' not found");
    assertThatThrownBy(
            () ->
                NativeFolder.load(
                    () -> {
                      throw old;
                    }))
        .isSameAs(old);
  }

  @Test
  void whatACutUnpackingLeftIsDeletedAndWhatIsWholeIsNot() throws IOException {
    Path folder = directory.resolve("natives");
    load(folder);
    Path cut = Files.createDirectories(folder.resolve("pytorch/tmp1234"));
    Files.writeString(cut.resolve("libtorch.so"), "half");
    Path whole = Files.createDirectories(folder.resolve("pytorch/2.7.1-cpu"));
    Path library = Files.writeString(whole.resolve("libtorch.so"), "whole");
    Path cutFile = Files.writeString(whole.resolve("jni567tmp"), "half");

    load(folder);

    assertThat(cut).doesNotExist();
    assertThat(cutFile).doesNotExist();
    assertThat(library).exists();
  }

  private void requireRefused(Path folder, String reason) {
    assertThatThrownBy(() -> load(folder))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message(folder, reason));
  }

  private static String message(Path folder, String reason) {
    try {
      return ("the engine's native libraries cannot be unpacked to %s on %s: %s: set DJL_CACHE_DIR to a directory"
              + " of your own with 500 MB (for executors: --conf spark.executorEnv.DJL_CACHE_DIR=DIRECTORY)")
          .formatted(folder, InetAddress.getLocalHost().getHostName(), reason);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static void load(Path folder) {
    System.setProperty(ENGINE, folder.toString());
    NativeFolder.load(() -> true);
  }

  private static Path folderOfDjl() {
    return NativeFolder.load(() -> Path.of(System.getProperty(ENGINE)));
  }

  private static String permissions(Path path) throws IOException {
    return PosixFilePermissions.toString(Files.getPosixFilePermissions(path));
  }
}
