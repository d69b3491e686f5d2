package io.sparkformer.jobs.tokenize;

import static io.sparkformer.datasets.Folder.contents;
import static io.sparkformer.datasets.Folder.names;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.sparkformer.jobs.JobProcess;
import io.sparkformer.jobs.LoopbackCluster;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The tokenize job on executors in processes of their own, one of which is lost. */
@Tag("cluster")
class TokenizeClusterIT {

  private static final int TEXT_BYTES = 40 << 20;

  @TempDir private Path directory;

  @Test
  void aKilledExecutorsShardsAreWrittenAgainAndTheFilesAreALocalRuns() throws Exception {
    assumeTrue(JobProcess.isLinux(), "skipped: processes are looked at in /proc, Linux's");
    Random random = new Random(1);
    StringBuilder text = new StringBuilder();
    while (text.length() < TEXT_BYTES) {
      text.append("the quick brown fox jumps over a lazy dog. ".substring(random.nextInt(40)));
      text.append(random.nextInt(100)).append(random.nextInt(8) == 0 ? '\n' : ' ');
    }
    Files.writeString(directory.resolve("text.txt"), text.toString());
    JobProcess.run(directory, "local[2]", arguments("local")).result();

    Path units = directory.resolve(".data.inprogress");
    try (LoopbackCluster cluster = LoopbackCluster.start(directory.resolve("the cluster"), 2);
        JobProcess job = JobProcess.start(directory, cluster.master(), arguments("data"))) {
      job.await("shards", () -> finished(units) >= 3);
      ProcessHandle executor = job.executors().get(0);
      JobProcess.signal("KILL", executor);
      assertThat(Files.exists(directory.resolve("data"))).as("killed in the middle").isFalse();
      JobProcess.Outcome outcome = job.end();

      assertThat(outcome.result().get("documents").asLong()).isGreaterThan(100_000);
      job.requireNothingLeft();
    }

    assertThat(contents(directory.resolve("data")).equals(contents(directory.resolve("local"))))
        .isTrue();
    assertThat(names(directory)).noneMatch(name -> name.startsWith(".data"));
  }

  private static List<String> arguments(String output) {
    List<String> arguments = new ArrayList<>(List.of("tokenize", "--input", "text.txt"));
    arguments.addAll(List.of("--format", "lines", "--tokenizer", "gpt2", "--shard-mb", "1"));
    arguments.addAll(List.of("--split", "hash", "--output", output));
    return arguments;
  }

  private static int finished(Path units) throws IOException {
    if (!Files.exists(units)) {
      return 0;
    }
    try (Stream<Path> found = Files.walk(units, 2)) {
      return (int) found.filter(unit -> unit.toString().matches(".*/\\.units-[^/]+/\\d+")).count();
    } catch (UncheckedIOException e) {
      return 0; // an attempt's directory went while it was listed
    }
  }
}
