package io.sparkformer.datasets;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TemporaryFolderTest {

  @TempDir private Path temporary;

  @Test
  void aFolderIsTheUsersAloneAndGoesWithTheJvm() throws Exception {
    Process jvm = start();
    Path folder = folderOf(jvm);
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(folder.getParent())))
        .isEqualTo("rwx------");
    assertThat(folder.resolve("deep/file")).exists();

    end(jvm);

    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void whatAKilledProcessLeftIsDeletedByTheNextStartAndWhatALivingOneUsesIsNot() throws Exception {
    Process living = start();
    Process killed = start();
    Path used = folderOf(living);
    Path left = folderOf(killed);
    killed.destroyForcibly().waitFor();
    assertThat(left.resolve("deep/file")).exists();

    Process next = start();
    Path own = folderOf(next);

    assertThat(left.getParent()).doesNotExist();
    assertThat(used.resolve("deep/file")).exists();
    assertThat(own.resolve("deep/file")).exists();
    end(living);
    end(next);
    assertThat(temporary).isEmptyDirectory();
  }

  @Test
  void anotherUsersFoldersAndLinksAreNotTouched() throws Exception {
    Path others = Files.createDirectories(temporary.resolve("sparkformer-1/data"));
    UserPrincipal nobody =
        temporary.getFileSystem().getUserPrincipalLookupService().lookupPrincipalByName("nobody");
    try {
      Files.setOwner(others.getParent(), nobody);
    } catch (IOException e) {
      assumeTrue(false, "skipped: only root gives files away");
    }
    Path elsewhere = Files.createDirectories(temporary.resolve("mine/data"));
    Path link = temporary.resolve("sparkformer-2");
    Files.createSymbolicLink(link, elsewhere.getParent());

    Process jvm = start();
    folderOf(jvm);
    end(jvm);

    assertThat(others).isDirectory();
    assertThat(elsewhere).isDirectory();
    assertThat(Files.exists(link, LinkOption.NOFOLLOW_LINKS)).isTrue();
  }

  @Test
  void manyProcessesThatStartAtOnceKeepTheirFolders() throws Exception {
    List<Process> jvms = Stream.generate(this::started).limit(6).toList();
    for (Process jvm : jvms) {
      assertThat(folderOf(jvm).resolve("deep/file")).exists();
    }
    for (Process jvm : jvms) {
      end(jvm);
    }
    assertThat(temporary).isEmptyDirectory();
  }

  private Process started() {
    try {
      return start();
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  private Process start() throws IOException {
    return new ProcessBuilder(
            Path.of(System.getProperty("java.home"), "bin", "java").toString(),
            "-Djava.io.tmpdir=" + temporary,
            "-cp",
            System.getProperty("java.class.path"),
            Holder.class.getName())
        .redirectError(ProcessBuilder.Redirect.INHERIT)
        .start();
  }

  private static Path folderOf(Process jvm) throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = jvm.getInputStream().read(); c > '\n'; c = jvm.getInputStream().read()) {
      line.append((char) c);
    }
    return Path.of(line.toString());
  }

  private static void end(Process jvm) throws Exception {
    jvm.getOutputStream().close();
    assertThat(jvm.waitFor()).isZero();
  }

  /** Makes a folder, names it, and lives until its input ends. */
  public static final class Holder {
    private Holder() {}

    public static void main(String[] none) throws Exception {
      Path folder = TemporaryFolder.create("data-");
      Files.createDirectory(folder.resolve("deep"));
      Files.writeString(folder.resolve("deep/file"), "x");
      System.out.write((folder + "\n").getBytes(StandardCharsets.UTF_8));
      System.out.flush();
      System.in.readAllBytes();
    }
  }
}
