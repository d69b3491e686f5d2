package io.sparkformer.jobs.dataset;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;

import io.sparkformer.datasets.tokenizer.CharTokenizer;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardFile;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.jobs.CommandRun;
import io.sparkformer.jobs.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Data sets whose files are each as recorded, but whose labels are not their texts'. */
class LabelAlignmentTest {

  private static final String LABELS = "train-label-00000-of-00001";
  private static final int[][] TEXT = {{0, 1, 2}, {1}, {2, 0}};

  @TempDir private Path directory;

  @Test
  void aLabelForEachTextOrForEachTokenIsGood() throws IOException {
    assertGood(new int[][] {{1}, {0}, {1}});
    assertGood(new int[][] {{1, 0, 1}, {0}, {1, 1}});
  }

  @Test
  void aTextThatHasNoSequenceShiftsAllLabelsBehindIt() throws IOException {
    assertBad(
        new int[][] {{0, 1}, {}, {2, 0}},
        new int[][] {{1}, {0}, {1}},
        LABELS
            + ".idx: does not go with train-00000-of-00001.idx from sequence 1 on: document 1 is 1"
            + " sequences of labels and 0 of text: make the data set again");
  }

  @Test
  void labelsThatAreMissingAtTheEndAreMissed() throws IOException {
    assertBad(
        TEXT,
        new int[][] {{1}, {0}},
        LABELS
            + ".idx: does not go with train-00000-of-00001.idx from sequence 2 on: it has 2 documents"
            + " where that has 3: make the data set again");
  }

  @Test
  void theFirstSequenceWithAnotherNumberOfLabelsIsNamed() throws IOException {
    assertBad(
        TEXT,
        new int[][] {{1, 1}, {0}, {1, 1}},
        LABELS
            + ".idx: sequence 0 has 2 labels for 3 tokens, where there is to be one for the text or for"
            + " each token: make the data set again");
    assertBad(
        TEXT,
        new int[][] {{1, 0, 1}, {0}, {1}},
        LABELS
            + ".idx: sequence 2 has 1 labels for 2 tokens, where there is to be one for each token: make"
            + " the data set again");
    assertBad(
        TEXT,
        new int[][] {{1}, {0}, {1, 1}},
        LABELS
            + ".idx: sequence 2 has 2 labels for 2 tokens, where there is to be one for each text: make"
            + " the data set again");
  }

  @Test
  void aLabelWithoutANameIsNamedWithItsSequence() throws IOException {
    assertBad(
        TEXT,
        new int[][] {{1, 0, 1}, {0}, {1, 2}},
        LABELS + ".bin: sequence 2 has the label id 2, where there are 2 labels");
  }

  @Test
  void aSplitWithoutItsLabelsIsMissed() throws IOException {
    assertBad(
        TEXT,
        new int[0][],
        "dataset.json: split 'train' has 0 shards of labels for 1 of text: make the data set again");
  }

  @Test
  void whatMissesLabelsIsNotMerged() throws IOException {
    Path good = write("good", TEXT, new int[][] {{1}, {0}, {1}});
    Path bad = write("bad", TEXT, new int[][] {{1}, {0}});
    String output = directory.resolve("merged").toString();

    CommandRun run =
        CommandRun.of(
            "dataset", "merge", "--data", good.toString(), bad.toString(), "--output", output);

    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.err())
        .endsWith(
            bad
                + ": split 'train' has 2 sequences of labels for 3 of text: make the data set again\n");
    assertThat(Path.of(output)).doesNotExist();
  }

  private void assertGood(int[][] labels) throws IOException {
    CommandRun run = verify(write("data" + labels[0].length, TEXT, labels));

    assertThat(run.err()).isEmpty();
    assertThat(run.code()).isEqualTo(ExitCode.DONE);
  }

  private void assertBad(int[][] text, int[][] labels, String message) throws IOException {
    Path data = write("data" + System.nanoTime(), text, labels);

    CommandRun run = verify(data);

    assertThat(run.err()).isEqualTo(message + "\n");
    assertThat(run.code()).isEqualTo(ExitCode.MISUSED);
    assertThat(run.json().get("ok").asBoolean()).isFalse();
  }

  private static CommandRun verify(Path data) {
    return CommandRun.of("dataset", "verify", "--data", data.toString());
  }

  private Path write(String name, int[][] text, int[][] labels) throws IOException {
    Path data = Files.createDirectory(directory.resolve(name));
    CharTokenizer tokenizer = CharTokenizer.of(new int[] {'a', 'b', 'c'});
    tokenizer.write(localFiles(), hadoop(data));
    List<ShardFile> texts = shard(data, "train-00000-of-00001", text);
    TreeMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>();
    long tokens = texts.get(0).tokens();
    splits.put(
        SplitName.TRAIN,
        new DatasetManifest.Split(
            tokens,
            text.length,
            tokens,
            tokens,
            texts,
            labels.length == 0 ? List.of() : shard(data, LABELS, labels)));
    new DatasetManifest(
            DatasetManifest.FORMAT_VERSION,
            new DatasetManifest.TokenizerFile(CharTokenizer.FILE_NAME, tokenizer.fingerprint()),
            tokenizer.vocabSize(),
            TokenDtype.UINT16,
            List.of("bad", "good"),
            text.length,
            0,
            DatasetManifest.Skipped.NONE,
            splits,
            List.of(),
            new TreeMap<>())
        .write(localFiles(), hadoop(data));
    return data;
  }

  private static List<ShardFile> shard(Path data, String name, int[][] documents)
      throws IOException {
    try (ShardWriter writer =
        ShardWriter.create(localFiles(), hadoop(data), name, TokenDtype.UINT16)) {
      for (int[] document : documents) {
        writer.append(document, 0, document.length);
        writer.endDocument();
      }
      return new ArrayList<>(writer.finish());
    }
  }
}
