package io.sparkformer.jobs.dataset;

import static io.sparkformer.datasets.Folder.names;
import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.jobs.SmallDataSet.flip;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.datasets.tokens.TokenStream;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import io.sparkformer.jobs.SmallDataSet;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** dataset merge. */
class DatasetMergeJobTest {

  @TempDir private Path directory;
  private Path data;

  @BeforeEach
  void makeDataSet() throws IOException {
    data = SmallDataSet.abc(directory.resolve("data"));
  }

  private CommandRun merge(Path other) {
    return CommandRun.of(
        "dataset",
        "merge",
        "--data",
        data.toString(),
        other.toString(),
        "--output",
        directory.resolve("merged").toString());
  }

  @Test
  void mergedSplitsAreTheirPartsOneAfterAnother() throws IOException {
    Path other =
        SmallDataSet.write(
            directory.resolve("other"), SmallDataSet.ABC, List.of(List.of("cab")), "ba");
    Path output = directory.resolve("merged");

    CommandRun run = merge(other);

    run.requireDone();
    assertThat(run.json().get("merged").asInt()).isEqualTo(2);
    assertThat(run.json().get("tokens").toString()).isEqualTo("{\"train\":13,\"valid\":3}");
    try (TokenDataset merged = TokenDataset.open(new Configuration(), hadoop(output))) {
      assertThat(text(merged, SplitName.TRAIN)).isEqualTo("abc\nabcabbcab");
      assertThat(text(merged, SplitName.VALID)).isEqualTo("cba");
      DatasetManifest manifest = merged.manifest();
      assertThat(manifest.splits().get(SplitName.TRAIN).documents()).isEqualTo(5);
      assertThat(manifest.splits().get(SplitName.TRAIN).files())
          .extracting(ShardFile::name)
          .filteredOn(name -> name.endsWith(".bin"))
          .containsExactly(
              "train-00000-of-00003.bin", "train-00001-of-00003.bin", "train-00002-of-00003.bin");
      assertThat(manifest.sources())
          .extracting(DatasetManifest.Source::path)
          .containsExactly("file:/data.txt", "file:/other.txt");
      assertThat(manifest.malformedReplaced()).isEqualTo(2);
      assertThat(manifest.options())
          .containsEntry("format", "text")
          .containsEntry("name", "data, other");
    }
    assertThat(CommandRun.of("dataset", "verify", "--data", output.toString()).code()).isZero();
    assertThat(names(directory)).containsExactly("data", "merged", "other");
  }

  @Test
  void sumsOfBlocksComeFromThePartsThatHaveThem() throws IOException {
    Path other =
        SmallDataSet.write(
            directory.resolve("other"), SmallDataSet.ABC, List.of(List.of("cab")), "ba");
    SmallDataSet.forgetSums(data);
    Path output = directory.resolve("merged");

    merge(other).requireDone();

    try (TokenDataset merged = TokenDataset.open(new Configuration(), hadoop(output))) {
      assertThat(text(merged, SplitName.TRAIN)).isEqualTo("abc\nabcabbcab");
      assertThat(merged.manifest().splits().get(SplitName.TRAIN).files())
          .extracting(ShardFile::hasSums)
          .containsExactly(false, false, false, false, true, true);
    }
    assertThat(CommandRun.of("dataset", "verify", "--data", output.toString()).code()).isZero();
    flip(output.resolve("train-00002-of-00003.bin"), 1);
    try (TokenDataset merged = TokenDataset.open(new Configuration(), hadoop(output))) {
      assertThatThrownBy(() -> merged.split(SplitName.TRAIN))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining("train-00002-of-00003.bin was altered between its bytes 0 and 6: ");
    }
  }

  @Test
  void whatAKilledMergeLeftIsNoPartOfTheNext() throws IOException {
    Path left = Files.createDirectories(directory.resolve(".merged.inprogress"));
    Files.createFile(left.resolve("plan.json"));
    Files.createFile(left.resolve("train-00004-of-00009.bin"));
    Path other = SmallDataSet.abc(directory.resolve("other"));
    Path output = directory.resolve("merged");

    CommandRun run = merge(other);

    run.requireDone();
    assertThat(names(directory)).containsExactly("data", "merged", "other");
    assertThat(names(output)).doesNotContain("train-00004-of-00009.bin", "plan.json");
  }

  @Test
  void whatDoesNotGoTogetherIsNotMerged() throws IOException {
    Path other =
        SmallDataSet.write(
            directory.resolve("other"),
            CharTokenizer.of(new int[] {'x', 'y'}),
            List.of(List.of("xy")),
            "x");

    CommandRun run = merge(other);

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.err())
        .startsWith(
            "sparkformer dataset merge: %s and %s were made with different tokenizers (4 tokens, fingerprint "
                .formatted(data, other))
        .endsWith(": make one of them again with the other's tokenizer\n");
    assertThat(
            CommandRun.of(
                    "dataset", "merge", "--data", data.toString(), "--output", data + "-merged")
                .err())
        .isEqualTo("sparkformer dataset merge: --data names one data set: give two or more\n");
    assertThat(names(directory)).containsExactly("data", "other");
  }

  @Test
  void aDamagedPartIsNotMerged() throws IOException {
    Path other =
        SmallDataSet.write(
            directory.resolve("other"), SmallDataSet.ABC, List.of(List.of("cab")), "ba");
    flip(other.resolve("train-00000-of-00001.bin"), 1);

    CommandRun run = merge(other);

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.err())
        .startsWith(
            "sparkformer dataset merge: %s/train-00000-of-00001.bin was altered: its sha256 is "
                .formatted(other))
        .endsWith(": see what 'sparkformer dataset verify' says of its data set\n");
    assertThat(names(directory)).containsExactly("data", "other");
  }

  private static String text(TokenDataset dataset, SplitName split) throws IOException {
    TokenStream stream = dataset.split(split);
    long[] tokens = new long[Math.toIntExact(stream.length())];
    stream.read(0, tokens.length, tokens, 0);
    return dataset.tokenizer().decode(Arrays.stream(tokens).mapToInt(t -> (int) t).toArray());
  }
}
