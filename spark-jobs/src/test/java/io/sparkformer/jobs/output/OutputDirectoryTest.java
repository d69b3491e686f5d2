package io.sparkformer.jobs.output;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.CopyingFileSystem;
import io.sparkformer.datasets.Folder;
import io.sparkformer.datasets.InvalidInputException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How an output gets its name where a rename is many copies, and where a killed job left off. */
class OutputDirectoryTest {

  private static final String MARKER = "dataset.json";
  private static final Map<String, String> OLDER =
      Map.of("a.bin", "an older a", "b.bin", "an older b", MARKER, "older");
  private static final Map<String, String> NEWER =
      Map.of("a.bin", "a", "c.bin", "c", "d.bin", "d", MARKER, "newer");

  @TempDir private Path directory;

  @AfterEach
  void nobodyIsKilledAnyMore() {
    CopyingFileSystem.restart();
  }

  @Test
  void whateverChangeAJobIsKilledAtAWholeOutputIsThereAndTheNextJobFinishesTheRest()
      throws IOException {
    Path output = directory.resolve("out");
    boolean killed = true;
    int kills = 0;
    for (int changes = 0; killed; changes++) {
      delete();
      write(output, OLDER);
      CopyingFileSystem.killAfter(changes);
      try {
        make(prepare());
      } catch (IOException | InvalidInputException e) {
        assertThat(CopyingFileSystem.isKilled()).as(e.toString()).isTrue();
      }
      killed = CopyingFileSystem.isKilled();
      CopyingFileSystem.restart();
      kills += killed ? 1 : 0;
      Files.deleteIfExists(directory.resolve(".out.lock")); // its process is gone

      boolean outputIsWhole = Files.exists(output.resolve(MARKER));
      boolean stagedIsWhole = Files.exists(directory.resolve(".out.inprogress").resolve(MARKER));
      assertThat(outputIsWhole || stagedIsWhole).as("after %d changes", changes).isTrue();
      if (outputIsWhole) {
        assertThat(content(output)).as("after %d changes", changes).isIn(OLDER, NEWER);
      }

      OutputDirectory next = prepare();
      assertThat(content(output)).isIn(OLDER, NEWER);
      make(next);
      assertThat(content(output)).isEqualTo(NEWER);
      assertThat(Folder.names(directory)).containsExactly("out");
    }
    assertThat(kills).isGreaterThan(10);
  }

  @Test
  void anOutputThatCouldNotBePutInItsPlaceIsKeptForTheNextJob() throws IOException {
    Path output = directory.resolve("out");
    write(output, OLDER);
    OutputDirectory job = prepare();
    job.startAfresh();
    fill(job);
    CopyingFileSystem.killAfter(6); // the older one is gone by then
    assertThatThrownBy(job::commit).isInstanceOf(IOException.class);
    CopyingFileSystem.restart(); // storage that comes back, and no kill
    job.close();

    assertThat(Files.exists(output.resolve(MARKER))).isFalse();
    prepare().close();
    assertThat(content(output)).isEqualTo(NEWER);
    assertThat(Folder.names(directory)).containsExactly("out");
  }

  private OutputDirectory prepare() {
    Configuration copying = CopyingFileSystem.configuration();
    return OutputDirectory.prepare(
        "copying:" + directory.resolve("out"), MARKER, ExistingOutput.REPLACE, List.of(), copying);
  }

  private static void make(OutputDirectory job) throws IOException {
    try (job) {
      job.startAfresh();
      fill(job);
      job.commit();
    }
  }

  private static void fill(OutputDirectory job) throws IOException {
    for (Map.Entry<String, String> file : new TreeMap<>(NEWER).entrySet()) {
      if (!file.getKey().equals(MARKER)) {
        create(job, file.getKey());
      }
    }
    create(job, MARKER);
  }

  private static void create(OutputDirectory job, String name) throws IOException {
    try (OutputStream out =
        job.fileSystem().create(new org.apache.hadoop.fs.Path(job.staging(), name))) {
      out.write(NEWER.get(name).getBytes(StandardCharsets.UTF_8));
    }
  }

  private static void write(Path directory, Map<String, String> files) throws IOException {
    Files.createDirectories(directory);
    for (Map.Entry<String, String> file : files.entrySet()) {
      Files.writeString(directory.resolve(file.getKey()), file.getValue());
    }
  }

  private static Map<String, String> content(Path directory) throws IOException {
    Map<String, String> content = new TreeMap<>();
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        content.put(file.getFileName().toString(), Files.readString(file));
      }
    }
    return content;
  }

  private void delete() throws IOException {
    try (Stream<Path> files = Files.list(directory)) {
      for (Path file : files.toList()) {
        FileUtil.fullyDelete(file.toFile());
      }
    }
  }
}
