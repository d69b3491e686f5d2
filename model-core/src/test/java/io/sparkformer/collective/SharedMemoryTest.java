package io.sparkformer.collective;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributeView;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("cluster")
class SharedMemoryTest {

  private static final Path MEMORY = Path.of("/dev/shm");
  private static final String NAME = "sparkformer-test" + ProcessHandle.current().pid() + "-";

  @TempDir Path directory;
  private final List<Path> made = new ArrayList<>();

  @AfterEach
  void clean() throws IOException {
    for (Path path : made) {
      Files.deleteIfExists(path);
    }
  }

  private Path named(String name) {
    Path path = MEMORY.resolve(NAME + name);
    made.add(path);
    return path;
  }

  private static Path old(Path path) throws IOException {
    FileTime then = FileTime.from(Instant.now().minus(Duration.ofHours(1)));
    Files.getFileAttributeView(path, BasicFileAttributeView.class, LinkOption.NOFOLLOW_LINKS)
        .setTimes(then, null, null);
    return path;
  }

  private Path create() throws IOException {
    Path file = SharedMemory.create(5_000);
    made.add(file);
    return file;
  }

  @Test
  void onlyWhatAKilledProcessLeftIsDeleted() throws IOException {
    Path left = old(Files.createFile(named("left")));
    Path unreadable = old(Files.createFile(named("unreadable")));
    Files.setPosixFilePermissions(unreadable, PosixFilePermissions.fromString("---------"));
    Path inUse = Files.createFile(named("in-use"));
    Path target = old(Files.writeString(directory.resolve("target"), "someone's"));
    Path link = old(Files.createSymbolicLink(named("link"), target));
    Path dangling = old(Files.createSymbolicLink(named("dangling"), directory.resolve("none")));
    Path folder = old(Files.createDirectory(named("folder")));

    Path file = create();

    assertThat(Files.size(file)).isEqualTo(5_000);
    assertThat(left).doesNotExist();
    assertThat(unreadable).as("its owner may delete it").doesNotExist();
    assertThat(List.of(inUse, target, folder)).allSatisfy(path -> assertThat(path).exists());
    assertThat(List.of(link, dangling)).allSatisfy(path -> assertThat(path).isSymbolicLink());
    assertThat(target).hasContent("someone's");
  }

  @Test
  void whatBelongsToOthersStaysAndIsNotOpened() throws IOException {
    assumeThat(Files.getAttribute(Path.of("/proc/self"), "unix:uid"))
        .as("files of another user: only root can make them")
        .isEqualTo(0);
    Path others = Files.createFile(named("others"));
    Files.writeString(others, "0".repeat(8));
    Files.setAttribute(others, "unix:uid", 65_534);
    old(others);

    create();

    assertThat(others).exists().hasSize(8);
    assertThatThrownBy(() -> SharedMemory.map(others, 0, 8))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessage("cannot map " + others)
        .hasRootCauseMessage("it is no file of this user");
  }

  @Test
  void aLinkIsNotMapped() throws IOException {
    Path target = create();
    Path link = Files.createSymbolicLink(named("link"), target);

    assertThat(SharedMemory.map(target, 0, 8).capacity()).isEqualTo(8);
    assertThatThrownBy(() -> SharedMemory.map(link, 0, 8))
        .isInstanceOf(UncheckedIOException.class)
        .hasRootCauseMessage("it is no file of this user");
  }
}
