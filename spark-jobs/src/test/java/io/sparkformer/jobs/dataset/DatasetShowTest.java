package io.sparkformer.jobs.dataset;

import static io.sparkformer.jobs.SmallDataSet.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.SmallDataSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** dataset show. */
class DatasetShowTest {

  private static final String TRAIN = "train-00000-of-00002";

  @TempDir private Path directory;
  private Path data;

  @BeforeEach
  void makeDataSet() throws IOException {
    data = SmallDataSet.abc(directory.resolve("data"));
  }

  @Test
  void showCountsWhatIsInTheFiles() throws IOException {
    CommandRun run = CommandRun.of("dataset", "show", "--data", data.toString());

    run.requireDone();
    JsonNode json = run.json();
    assertThat(json.get("data").asText()).isEqualTo(data.toString());
    assertThat(json.get("vocab_size").asInt()).isEqualTo(4);
    assertThat(json.get("dtype").asText()).isEqualTo("uint16");
    assertThat(json.get("tokenizer_fingerprint").asText())
        .isEqualTo(SmallDataSet.ABC.fingerprint());
    JsonNode train = json.get("splits").get("train");
    assertThat(train.get("documents").asInt()).isEqualTo(4);
    assertThat(train.get("sequences").asInt()).isEqualTo(3);
    assertThat(train.get("tokens").asInt()).isEqualTo(10);
    assertThat(train.get("characters").asInt()).isEqualTo(10);
    assertThat(train.get("shards").asInt()).isEqualTo(2);
    assertThat(train.get("bytes").asLong()).isEqualTo(bytes(data, "train"));
    assertThat(train.get("tokens_per_document").toString())
        .isEqualTo("{\"min\":0,\"p10\":0,\"median\":1,\"mean\":2.5,\"p90\":7,\"p99\":7,\"max\":7}");
    assertThat(train.get("samples").toString()).isEqualTo("[\"abc\\\\nabc\"]");
    assertThat(json.get("splits").get("valid").get("tokens").asInt()).isEqualTo(1);
  }

  @Test
  void showPrintsATableAndASampleInOneLineEach() throws IOException {
    CommandRun run =
        CommandRun.of(
            "dataset", "show", "--data", data.toString(), "--samples", "4", "--sample-tokens", "5");

    assertThat(run.shown())
        .startsWith(
            "%s: vocabulary of 4 tokens, stored as uint16, tokenizer %.12s\n"
                .formatted(data, SmallDataSet.ABC.fingerprint()))
        .contains("\ntrain: abc\\na...\n\ntrain: \n\ntrain: a\n\ntrain: bb\n\nvalid: c\n");
    assertThat(run.shown().lines().filter(line -> line.startsWith("train ")))
        .map(line -> line.replaceAll(" +", " "))
        .containsExactly(
            "train 4 3 10 10 %d 2".formatted(bytes(data, "train")), "train 0 0 1 2.5 7 7 7");
  }

  @Test
  void showOfWhatIsNoDataSetIsAMistake() throws IOException {
    Files.delete(data.resolve(TRAIN + ".idx"));

    assertThat(CommandRun.of("dataset", "show", "--data", directory.toString()).err())
        .contains(directory + " has no dataset.json, so it is not a token data set");
    CommandRun run = CommandRun.of("dataset", "show", "--data", data.toString());
    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.err())
        .isEqualTo(
            "sparkformer dataset show: %s/%s.idx is missing: see what 'sparkformer dataset verify' says of it\n"
                .formatted(data, TRAIN));
    assertThat(CommandRun.of("dataset", "show", "--data", data.toString(), "--samples", "-1").err())
        .isEqualTo("sparkformer dataset show: --samples is -1: it must be at least 0\n");
    assertThat(
            CommandRun.of("dataset", "show", "--data", data.toString(), "--sample-tokens", "0")
                .err())
        .isEqualTo(
            "sparkformer dataset show: --sample-tokens is 0: it must be from 1 to 1048576\n");
  }
}
