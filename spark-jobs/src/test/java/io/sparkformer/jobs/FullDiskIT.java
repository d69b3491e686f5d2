package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparkformer.datasets.SharedData;
import io.sparkformer.ml.ClassifierFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Jobs whose disk has no room: one line that says which, and nothing half made. */
class FullDiskIT {

  private static final String MASTER = "local[2]";

  @TempDir private Path directory;
  private Path full;

  /** A disk of one megabyte. */
  @BeforeEach
  void mount() throws Exception {
    full = Files.createDirectory(directory.resolve("full"));
    boolean mounted =
        Files.exists(Path.of("/bin/mount"))
            && run("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", full.toString()) == 0;
    assumeTrue(mounted, "a small disk can be mounted by root on Linux alone");
  }

  @AfterEach
  void unmount() throws Exception {
    if (full.getFileSystem().isOpen() && Files.exists(Path.of("/bin/umount"))) {
      run("umount", full.toString());
    }
  }

  @Test
  void tokenizeNamesTheOutput() throws Exception {
    JobProcess.Outcome outcome = tokenize(full.resolve("data"));

    assertTold(
        outcome,
        "sparkformer tokenize: there is no space left on the disk of --output %s: free some, or choose"
            + " an --output on another disk",
        full.resolve("data"));
    assertThat(full).isEmptyDirectory();
  }

  @Test
  void tokenizeNamesTheDirectoriesOfTemporaryFiles() throws Exception {
    JobProcess.Outcome outcome =
        JobProcess.run(
            directory,
            MASTER,
            List.of(
                "tokenize",
                "--input",
                SharedData.file("tinyshakespeare/input.txt").toString(),
                "--format",
                "lines",
                "--tokenizer",
                "char",
                "--shuffle",
                "1",
                "--output",
                "data"),
            Map.of("SPARK_LOCAL_DIRS", full.toString()));

    assertTold(
        outcome,
        "sparkformer tokenize: there is no space left on the disk of temporary files (spark.local.dir is"
            + " %s, java.io.tmpdir is /tmp; executors on other machines have their own): free some,"
            + " or name a directory on another disk with -- --conf spark.local.dir=DIRECTORY",
        full);
    assertThat(directory.resolve("data")).doesNotExist();
  }

  @Test
  void trainNamesTheOutputAndSaysHowToGoOn() throws Exception {
    Files.writeString(
        directory.resolve("tiny.yaml"),
        """
        model: {context-length: 16, num-layers: 1, num-heads: 2, embedding-dim: 128}
        training: {max-steps: 4, micro-batch-size: 4, threads: 1}
        schedule: {kind: constant, warmup-steps: 1}
        evaluation: {interval: 2, batches: 2}
        checkpoint: {interval: 2}
        """);
    assertThat(tokenize(directory.resolve("data")).code()).isZero();
    JobProcess.Outcome outcome =
        JobProcess.run(
            directory,
            MASTER,
            List.of(
                "train",
                "--config",
                "tiny.yaml",
                "--data",
                "data",
                "--output",
                full.resolve("run").toString()));

    assertTold(
        outcome,
        "sparkformer train: there is no space left on the disk of --output %s: free some, or choose an"
            + " --output on another disk; checkpoints are kept: go on with --resume, or --overwrite if"
            + " there is none yet",
        full.resolve("run"));
    assertThat(outcome.err()).contains("could not be written (No space left on device)");
  }

  @Test
  void scoreNamesTheOutput() throws Exception {
    ClassifierFixture.write(directory.resolve("model"));
    Path table = directory.resolve("table.csv");
    Files.writeString(table, "text\n" + "a film of many words\n".repeat(30_000));
    JobProcess.Outcome outcome =
        JobProcess.run(
            directory,
            MASTER,
            List.of(
                "score",
                "--model",
                "model",
                "--input",
                table.toString(),
                "--format",
                "csv",
                "--text-column",
                "text",
                "--output-format",
                "json",
                "--output",
                full.resolve("scored").toString()));

    assertTold(
        outcome,
        "sparkformer score: there is no space left on the disk of --output %s: free some, or choose an"
            + " --output on another disk",
        full.resolve("scored"));
    assertThat(full).isEmptyDirectory();
  }

  private JobProcess.Outcome tokenize(Path output) throws Exception {
    return JobProcess.run(
        directory,
        MASTER,
        List.of(
            "tokenize",
            "--input",
            SharedData.file("tinyshakespeare/input.txt").toString(),
            "--tokenizer",
            "char",
            "--output",
            output.toString()));
  }

  private static void assertTold(JobProcess.Outcome outcome, String message, Path place) {
    assertThat(outcome.code()).as(outcome.err()).isEqualTo(ExitCode.FAILED);
    assertThat(outcome.out()).isEmpty();
    assertThat(outcome.err()).doesNotContain("\tat ");
    assertThat(outcome.err().lines().reduce((first, next) -> next).orElseThrow())
        .isEqualTo(message.formatted(place));
  }

  private static int run(String... command) throws IOException, InterruptedException {
    return new ProcessBuilder(command).redirectErrorStream(true).start().waitFor();
  }
}
