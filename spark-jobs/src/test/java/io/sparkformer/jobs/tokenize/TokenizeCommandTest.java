package io.sparkformer.jobs.tokenize;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.jobs.cluster.Progress;
import io.sparkformer.jobs.input.MalformedInput;
import io.sparkformer.jobs.output.ExistingOutput;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.MissingParameterException;

class TokenizeCommandTest {

  @TempDir Path directory;

  @Test
  void theCommandRunsItsJobAndClosesSpark() throws Exception {
    Path text = Files.writeString(directory.resolve("text.txt"), "hello world");
    CommandLine command = new CommandLine(new TokenizeCommand());
    System.setProperty("spark.master", "local[2]");
    String output = directory.resolve("data").toString();
    try {
      assertThat(command.execute("--input", text.toString(), "--output", output)).isZero();
      // A JVM has one Spark context at a time, so a second run shows that the first one's is
      // closed.
      assertThat(command.execute("--input", text.toString(), "--output", output, "--overwrite"))
          .isZero();
    } finally {
      System.clearProperty("spark.master");
    }

    TokenizeResult summary = command.getExecutionResult();
    assertThat(summary.tokens()).isEqualTo(11);
    assertThat(summary.trainTokens()).isEqualTo(9);
  }

  @Test
  void optionsHaveTheirDefaults() {
    TokenizeOptions options = options();
    assertThat(options)
        .isEqualTo(TokenizeOptionsFixture.of(List.of("a", "b"), options.output()).options());
  }

  @Test
  void optionsAreReadAsGiven() {
    TokenizeOptions options =
        options(
            "--valid-fraction=0.25",
            "--seed=7",
            "--overwrite",
            "--malformed=replace",
            "--shard-mb=3",
            "--split=tail");
    assertThat(options.validFraction()).isEqualTo(0.25);
    assertThat(options.seed()).isEqualTo(7);
    assertThat(options.existing()).isEqualTo(ExistingOutput.REPLACE);
    assertThat(options.malformed()).isEqualTo(MalformedInput.REPLACE);
    assertThat(options.shardBytes()).isEqualTo(3 << 20);
  }

  @Test
  void badOptionValuesAreNamedWithWhatIsAllowed() {
    assertRefused(
        "--format=pdf",
        "--format pdf is not supported: use one of text, lines, paragraphs, parquet, orc, json, csv, delta, table");
    assertRefused("--split=odd", "--split odd is not supported: use tail, hash or stratified");
    assertRefused(
        "--split=stratified",
        "--split stratified needs --label-column: name the column, or use --split hash");
    assertRefused(
        "--format=csv", "--format csv needs --text-column: name the column with the text");
    assertRefused(
        "--text-column=t",
        "--text-column does not go with --format text: leave it out, or name a table's format");
    assertRefused(
        "--label-column=t",
        "--label-column does not go with --format text: leave it out, or name a table's format");
    assertRefused("--dedup=fuzzy", "--dedup is 'fuzzy': use none or exact");
    assertRefused("--dtype=int8", "--dtype is 'int8': use uint16 or int32");
    assertRefused(
        "--valid-fraction=1", "--valid-fraction is 1.0: it must be at least 0 and below 1");
    assertRefused(
        "--valid-fraction=-0.1", "--valid-fraction is -0.1: it must be at least 0 and below 1");
    assertRefused(
        "--valid-fraction=NaN", "--valid-fraction is NaN: it must be at least 0 and below 1");
    assertRefused("--malformed=ignore", "--malformed is 'ignore': use fail or replace");
    assertRefused("--shard-mb=0", "--shard-mb is 0: it must be from 1 to 2048");
    assertRefused("--shard-mb=4096", "--shard-mb is 4096: it must be from 1 to 2048");
    assertRefused("--output=", "--output is empty: give the data set's directory");
  }

  @Test
  void inputAndOutputAreRequired() {
    assertThatThrownBy(() -> new CommandLine(new TokenizeCommand()).parseArgs("--input", "a"))
        .isInstanceOf(MissingParameterException.class)
        .hasMessageContaining("--output");
    assertThatThrownBy(() -> new CommandLine(new TokenizeCommand()).parseArgs("--output", "a"))
        .isInstanceOf(MissingParameterException.class)
        .hasMessageContaining("--input");
  }

  @Test
  void theTableTellsWhatTheSplitsHoldAndWhatWasSkipped() {
    DatasetManifest.Split train =
        new DatasetManifest.Split(0, 1_200, 5, 9_000, List.of(), List.of());
    DatasetManifest manifest =
        new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile("tokenizer.json", "f"),
            9,
            TokenDtype.UINT16,
            List.of(),
            1_200,
            0,
            new DatasetManifest.Skipped(1, 2, 3),
            new TreeMap<>(Map.of(SplitName.TRAIN, train)),
            List.of(),
            new TreeMap<>());

    assertThat(SplitTable.of(manifest).lines().map(line -> line.strip().replaceAll(" +", " ")))
        .containsExactly(
            "split documents tokens bytes of text bytes/token shards",
            "train 1,200 0 9,000 - 0",
            "skipped: 1 null, 2 empty, 3 duplicate documents");
  }

  @Test
  void progressLinesTellShareRateAndTimeLeft() {
    assertThat(Progress.plainLine("tokenize", "kB", 0, 1_500, 6_000, Duration.ofSeconds(30), ""))
        .isEqualTo("tokenize: 25% (1,500 of 6,000 kB, 50 kB/s, 1:30 left)");
    assertThat(
            Progress.plainLine("train", "steps", 0, 2, 7_000, Duration.ofSeconds(4), "loss 2.31"))
        .isEqualTo("train: 0% (2 of 7,000 steps, 0.50 steps/s, 3:53:16 left) loss 2.31");
    assertThat(Progress.plainLine("train", "steps", 0, 0, 10, Duration.ZERO, ""))
        .isEqualTo("train: 0% (0 of 10 steps)");
    assertThat(Progress.plainLine("train", "steps", 0, 10, 10, Duration.ofSeconds(10), ""))
        .isEqualTo("train: 100% (10 of 10 steps, 1.00 steps/s)");
  }

  private static void assertRefused(String option, String message) {
    assertThatThrownBy(() -> options(option))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message);
  }

  private static TokenizeOptions options(String... more) {
    TokenizeCommand command = new TokenizeCommand();
    CommandLine line = new CommandLine(command).setOverwrittenOptionsAllowed(true);
    String[] arguments =
        Arrays.copyOf(new String[] {"--input", "a", "b", "--output", "c"}, 5 + more.length);
    System.arraycopy(more, 0, arguments, 5, more.length);
    line.parseArgs(arguments);
    return command.options();
  }
}
