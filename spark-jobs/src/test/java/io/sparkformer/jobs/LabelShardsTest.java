package io.sparkformer.jobs;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.datasets.tokens.SplitName;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A data set's files are those of its labels, too. */
class LabelShardsTest {

  @TempDir private Path directory;
  private Path data;

  @BeforeEach
  void tokenize() throws IOException {
    data = tokenized("data");
  }

  @Test
  void showCountsTheBytesOfLabels() throws IOException {
    JsonNode splits = CommandRun.of("dataset", "show", "--data", data.toString()).json();

    for (SplitName split : SplitName.values()) {
      assertThat(splits.get("splits").get(split.label()).get("bytes").asLong())
          .isEqualTo(SmallDataSet.bytes(data, split.label()));
    }
  }

  @Test
  void mergeCountsTheBytesOfLabels() throws IOException {
    Path other = tokenized("other");
    Path merged = directory.resolve("merged");

    CommandRun run =
        CommandRun.of(
            "dataset",
            "merge",
            "--data",
            data.toString(),
            other.toString(),
            "--output",
            merged.toString());

    run.requireDone();
    assertThat(run.json().get("bytes").asLong())
        .isEqualTo(SmallDataSet.bytes(merged, "train") + SmallDataSet.bytes(merged, "valid"));
    assertThat(merged.resolve("train-label-00001-of-00002.bin")).exists();
  }

  @Test
  void checksBeforeTrainingFindMissingAndDamagedLabels() throws IOException {
    Files.delete(data.resolve("train-label-00000-of-00001.bin"));
    Files.writeString(data.resolve("valid-label-00000-of-00001.idx"), "x");

    CommandRun run = CommandRun.of("doctor", "--data", data.toString());

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.out())
        .contains("train-label-00000-of-00001.bin is missing")
        .contains("valid-label-00000-of-00001.idx has 1 bytes where ");
  }

  private Path tokenized(String name) throws IOException {
    Path rows = directory.resolve(name + ".jsonl");
    StringBuilder json = new StringBuilder();
    for (int i = 0; i < 20; i++) {
      json.append("{\"text\": \"ab%s\", \"label\": \"%s\"}\n".formatted("c".repeat(i), i % 2));
    }
    Files.writeString(rows, json);
    Path output = directory.resolve(name);
    CommandRun run =
        CommandRun.of(
            "tokenize",
            "--input",
            rows.toString(),
            "--format",
            "json",
            "--text-column",
            "text",
            "--label-column",
            "label",
            "--split",
            "stratified",
            "--output",
            output.toString());
    run.requireDone();
    return output;
  }
}
