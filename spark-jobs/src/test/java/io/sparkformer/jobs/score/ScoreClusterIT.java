package io.sparkformer.jobs.score;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.JobProcess;
import io.sparkformer.jobs.LoopbackCluster;
import io.sparkformer.ml.ClassifierFixture;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The score job on executors in processes of their own, one of which is lost. */
@Tag("cluster")
class ScoreClusterIT {

  private static final int FILES = 12;
  private static final int ROWS_OF_A_FILE = 4_000;

  @TempDir private Path directory;

  @Test
  void aKilledExecutorsRowsAreScoredAgainAndNoneIsThereTwice() throws Exception {
    assumeTrue(JobProcess.isLinux(), "skipped: processes are looked at in /proc, Linux's");
    ClassifierFixture.write(directory.resolve("model"));
    writeTable();

    JsonNode result;
    try (LoopbackCluster cluster = LoopbackCluster.start(directory.resolve("the cluster"), 2);
        JobProcess job = JobProcess.start(directory, cluster.master(), arguments())) {
      job.await("files", () -> written() >= 3);
      JobProcess.signal("KILL", job.executors().get(0));
      assertThat(Files.exists(directory.resolve("scored"))).as("killed in the middle").isFalse();
      JobProcess.Outcome outcome = job.end();
      result = outcome.result();
      assertThat(outcome.err()).doesNotContain("\tat ");
      job.requireNothingLeft();
    }

    assertThat(result.get("rows").asLong()).isEqualTo(FILES * ROWS_OF_A_FILE);
    assertThat(result.get("model_loads").asLong()).isBetween(2L, 3L);
    Map<Long, Integer> seen = new TreeMap<>();
    for (Path file : parts(directory.resolve("scored"))) {
      for (String line : Files.readAllLines(file)) {
        seen.merge(id(line), 1, Integer::sum);
      }
    }
    assertThat(seen).hasSize(FILES * ROWS_OF_A_FILE);
    assertThat(seen.values()).containsOnly(1);
    try (Stream<Path> names = Files.list(directory)) {
      assertThat(names.map(name -> name.getFileName().toString()))
          .noneMatch(name -> name.startsWith(".scored"));
    }
  }

  private static long id(String line) {
    return Long.parseLong(line.replaceFirst("^\\{\"id\":(\\d+),.*", "$1"));
  }

  private void writeTable() throws IOException {
    Files.createDirectories(directory.resolve("table"));
    for (int file = 0; file < FILES; file++) {
      List<String> rows = new ArrayList<>();
      for (int i = 0; i < ROWS_OF_A_FILE; i++) {
        int id = file * ROWS_OF_A_FILE + i;
        rows.add("{\"id\": %d, \"text\": \"the film of day %d was\"}".formatted(id, id % 977));
      }
      Files.write(directory.resolve("table/part-%02d.json".formatted(file)), rows);
    }
  }

  private static List<String> arguments() {
    List<String> arguments = new ArrayList<>(List.of("score", "--model", "model"));
    arguments.addAll(List.of("--input", "table", "--format", "json", "--output", "scored"));
    arguments.addAll(List.of("--columns", "id", "--partitions", Integer.toString(FILES)));
    return arguments;
  }

  /** Files of tasks that have ended, in the place where Spark keeps them until all have. */
  private int written() throws IOException {
    Path staging = directory.resolve(".scored.inprogress");
    if (!Files.exists(staging)) {
      return 0;
    }
    try (Stream<Path> files = Files.walk(staging)) {
      return (int)
          files.filter(file -> file.toString().matches(".*/task_[^/]+/part-[^/]*json")).count();
    } catch (java.io.UncheckedIOException e) {
      return 0; // an attempt's directory went while it was listed
    }
  }

  private static List<Path> parts(Path output) throws IOException {
    try (Stream<Path> files = Files.list(output)) {
      return files.filter(file -> file.getFileName().toString().startsWith("part-")).toList();
    }
  }
}
