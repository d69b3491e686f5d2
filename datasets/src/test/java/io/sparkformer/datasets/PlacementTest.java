package io.sparkformer.datasets;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is put in the place of another, on storage of both kinds. */
class PlacementTest {

  private static final String MARKER = "done.json";
  private static final Map<String, String> OLD =
      Map.of("a.bin", "old a", "b.bin", "old b", "sub/c.bin", "old c", MARKER, "old");
  private static final Map<String, String> NEW =
      Map.of("a.bin", "new a", "b.bin", "new b", "d.bin", "new d", MARKER, "new");

  @TempDir private Path directory;

  @AfterEach
  void nobodyIsKilledAnyMore() {
    CopyingFileSystem.restart();
  }

  @Test
  void onALocalDiskItIsRenamed() throws IOException {
    FileSystem disk = LocalFiles.localFiles();
    write("target", OLD);
    write("staged", NEW);

    assertThat(Placement.renamesAtOnce(disk)).isTrue();
    Placement.place(disk, path("staged"), path("target"), MARKER);

    assertThat(content("target")).isEqualTo(NEW);
    assertThat(Folder.names(directory)).containsExactly("target");
  }

  @Test
  void whatAKilledProcessHadMovedAwayComesBackOrGoes() throws IOException {
    FileSystem disk = LocalFiles.localFiles();
    String away = ".target.2f1e0d3c-5b6a-4978-8695-a4b3c2d1e0f9.old";
    String earlier = ".target.replaced-2f1e0d3c-5b6a-4978-8695-a4b3c2d1e0f9";
    write(away, OLD);
    write(".other.2f1e0d3c-5b6a-4978-8695-a4b3c2d1e0f9.old", NEW);

    Placement.restore(disk, path("target"));

    assertThat(content("target")).isEqualTo(OLD);
    write(away, NEW);
    write(earlier, NEW);
    Placement.restore(disk, path("target"));
    assertThat(content("target")).isEqualTo(OLD);
    assertThat(Folder.names(directory))
        .containsExactly(".other.2f1e0d3c-5b6a-4978-8695-a4b3c2d1e0f9.old", "target");
  }

  @Test
  void whereARenameIsManyCopiesAKillAtAnyMomentLeavesAWholeOneAndTheRestIsFinished()
      throws IOException {
    FileSystem store = store();
    assertThat(Placement.renamesAtOnce(store)).isFalse();
    boolean killed = true;
    int kills = 0;
    for (int changes = 0; killed; changes++) {
      delete("target");
      delete("staged");
      write("target", OLD);
      write("staged", NEW);
      CopyingFileSystem.killAfter(changes);
      try {
        Placement.place(store, path("staged"), path("target"), MARKER);
      } catch (IOException e) {
        assertThat(e).hasMessageContaining("the process was killed");
      }
      killed = CopyingFileSystem.isKilled();
      CopyingFileSystem.restart();
      kills += killed ? 1 : 0;

      assertWholeIfMarked("target", OLD, NEW);
      assertWholeIfMarked("staged", NEW, NEW);
      assertThat(isMarked("target") || isMarked("staged")).as("after %d", changes).isTrue();

      if (Placement.isCut(store, path("staged"), path("target"), MARKER)) {
        Placement.place(store, path("staged"), path("target"), MARKER);
        assertThat(content("target")).isEqualTo(NEW);
        assertThat(directory.resolve("staged")).doesNotExist();
      }
      assertThat(isMarked("target")).isTrue();
    }
    assertThat(kills).isGreaterThan(2 * NEW.size());
    assertThat(content("target")).isEqualTo(NEW);
  }

  private void assertWholeIfMarked(String name, Map<String, String> one, Map<String, String> other)
      throws IOException {
    if (isMarked(name)) {
      assertThat(content(name)).isIn(one, other);
    }
  }

  private boolean isMarked(String name) {
    return Files.exists(directory.resolve(name).resolve(MARKER));
  }

  private FileSystem store() {
    Configuration configuration = CopyingFileSystem.configuration();
    return Storage.fileSystem(new org.apache.hadoop.fs.Path("copying:///"), configuration);
  }

  private org.apache.hadoop.fs.Path path(String name) {
    return new org.apache.hadoop.fs.Path(directory.resolve(name).toString());
  }

  private void delete(String name) throws IOException {
    LocalFiles.localFiles().delete(path(name), true);
  }

  private void write(String name, Map<String, String> files) throws IOException {
    for (Map.Entry<String, String> file : files.entrySet()) {
      Path path = directory.resolve(name).resolve(file.getKey());
      Files.createDirectories(path.getParent());
      Files.writeString(path, file.getValue());
    }
  }

  private Map<String, String> content(String name) throws IOException {
    Map<String, String> content = new TreeMap<>();
    Path root = directory.resolve(name);
    try (java.util.stream.Stream<Path> files = Files.walk(root)) {
      for (Path file : files.filter(Files::isRegularFile).toList()) {
        content.put(root.relativize(file).toString(), Files.readString(file));
      }
    }
    return content;
  }
}
