package io.sparkformer.run;

import static io.sparkformer.datasets.LocalFiles.hadoop;
import static io.sparkformer.datasets.LocalFiles.localFiles;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokens.DatasetManifest;
import io.sparkformer.datasets.tokens.ShardWriter;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDtype;
import io.sparkformer.run.RunDirectory.Mode;
import java.io.IOException;
import java.nio.file.Path;
import java.util.SortedMap;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A classifier's run goes on with the labels that it began with. */
class ResumeLabelsTest {

  private static final int TRAIN = 24;

  @TempDir private Path directory;

  @Test
  void aDataSetOfTheSameTextsWithOtherLabelsIsRefused() throws IOException {
    Path data =
        LabelledText.dataset(
            directory.resolve("data"), LabelledText.texts(TRAIN, 1), LabelledText.texts(8, 2));
    Path output = directory.resolve("out");
    train(data, output, Mode.START, "training.max-steps=4");
    assertThat(train(data, output, Mode.RESUME, "training.max-steps=8").resumedFrom()).isEqualTo(4);

    relabel(data);

    assertThatThrownBy(() -> train(data, output, Mode.RESUME, "training.max-steps=12"))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageStartingWith("cannot resume %s: the data set (its fingerprint) was ", output);
  }

  private static TrainingResult train(Path data, Path output, Mode mode, String steps)
      throws IOException {
    return TinyRun.train(data, output, mode, "model.head.kind=sequence-classification", steps);
  }

  /** Changes the labels of the train split; its text stays as it is. */
  private static void relabel(Path data) throws IOException {
    DatasetManifest manifest = DatasetManifest.read(localFiles(), hadoop(data));
    SortedMap<SplitName, DatasetManifest.Split> splits = new TreeMap<>(manifest.splits());
    DatasetManifest.Split train = splits.get(SplitName.TRAIN);
    try (ShardWriter labels =
        ShardWriter.create(
            localFiles(), hadoop(data), "train-label-00000-of-00001", TokenDtype.UINT16)) {
      for (int i = 0; i < TRAIN; i++) {
        labels.append(new int[] {i % LabelledText.LABELS.size()}, 0, 1);
        labels.endDocument();
      }
      splits.put(
          SplitName.TRAIN,
          new DatasetManifest.Split(
              train.tokens(),
              train.documents(),
              train.characters(),
              train.bytes(),
              train.files(),
              labels.finish()));
    }
    new DatasetManifest(
            manifest.formatVersion(),
            manifest.tokenizer(),
            manifest.vocabSize(),
            manifest.dtype(),
            manifest.labels(),
            manifest.documents(),
            manifest.malformedReplaced(),
            manifest.skipped(),
            splits,
            manifest.sources(),
            manifest.options())
        .write(localFiles(), hadoop(data));
  }
}
