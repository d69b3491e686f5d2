package io.sparkformer.datasets.tokens;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sparkformer.datasets.InvalidInputException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class TokenSequencesTest {

  private static final int[][][] TEXT = {
    {}, {{1, 2, 3}, {}, {4}}, {}, {}, {{5, 6}}, {{}, {7, 8, 9}}, {}
  };
  private static final int[][][] LABELS = {{{0}, {1}, {2}}, {{-100}, {1}, {2}}};

  @TempDir Path directory;

  @Test
  void sequencesAreFoundAcrossShardsOfWhichSomeHaveNone() throws Exception {
    try (TokenDataset data = data()) {
      TokenSequences text = data.sequences(SplitName.TRAIN);
      assertThat(text.count()).isEqualTo(6);
      assertThat(read(text, 0)).containsExactly(1, 2, 3);
      assertThat(read(text, 1)).isEmpty();
      assertThat(read(text, 2)).containsExactly(4);
      assertThat(read(text, 3)).containsExactly(5, 6);
      assertThat(read(text, 4)).isEmpty();
      assertThat(read(text, 5)).containsExactly(7, 8, 9);
      assertThat(data.manifest().splits().get(SplitName.TRAIN).sequences()).isEqualTo(6);
    }
  }

  @Test
  void partsOfASequenceAreReadIntoPartsOfAnArray() throws Exception {
    try (TokenDataset data = data()) {
      TokenSequences text = data.sequences(SplitName.TRAIN);
      long[] out = new long[5];
      text.read(5, 1, 2, out, 3);
      assertThat(out).containsExactly(0, 0, 0, 8, 9);
      assertThatThrownBy(() -> text.read(5, 1, 3, new long[5], 0))
          .isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> text.length(6)).isInstanceOf(IndexOutOfBoundsException.class);
      assertThatThrownBy(() -> text.length(-1)).isInstanceOf(IndexOutOfBoundsException.class);
    }
  }

  @Test
  void labelsHaveATypeOfTheirOwnAndMayBeNegative() throws Exception {
    try (TokenDataset data = data()) {
      assertThat(data.labels(SplitName.TRAIN).count()).isEqualTo(6);
      assertThat(read(data.labels(SplitName.TRAIN), 2)).containsExactly(2);
      assertThat(read(data.labels(SplitName.TRAIN), 3)).containsExactly(-100);
    }
  }

  @Test
  void labelFilesAreCheckedWhenTheyAreAskedFor() throws Exception {
    try (TokenDataset data = data()) {
      byte[] altered = Files.readAllBytes(directory.resolve("train-label-00001-of-00002.bin"));
      altered[0] ^= 1;
      Files.write(directory.resolve("train-label-00001-of-00002.bin"), altered);
      assertThat(data.sequences(SplitName.TRAIN).count()).isEqualTo(6);
      assertThatThrownBy(() -> data.labels(SplitName.TRAIN))
          .isInstanceOf(InvalidInputException.class)
          .hasMessageContaining(
              "train-label-00001-of-00002.bin was altered between its bytes 0 and 12: ");
    }
  }

  @Test
  void splitsAndLabelsThatAreNotThereAreNamed() throws Exception {
    try (TokenDataset data = LabelledData.write(directory, List.of(), TEXT, new int[0][][])) {
      assertThatThrownBy(() -> data.sequences(SplitName.VALID))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage("%s has no split 'valid': use one of train", data.directory());
      assertThatThrownBy(() -> data.labels(SplitName.VALID))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage("%s has no split 'valid': use one of train", data.directory());
      assertThatThrownBy(() -> data.labels(SplitName.TRAIN))
          .isInstanceOf(InvalidInputException.class)
          .hasMessage(
              "%s has no labels: if its source has some, tokenize it with --label-column, or use the"
                  + " head language-model",
              data.directory());
    }
  }

  @Test
  void readingAfterClosingFails() throws Exception {
    TokenDataset data = data();
    TokenSequences labels = data.labels(SplitName.TRAIN);
    data.close();
    assertThatThrownBy(() -> read(labels, 0))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("train-label-00000-of-00002.idx is closed");
  }

  private TokenDataset data() throws Exception {
    return LabelledData.write(directory, List.of("a", "b", "c"), TEXT, LABELS);
  }

  private static long[] read(TokenSequences sequences, long sequence) {
    long[] tokens = new long[sequences.length(sequence)];
    sequences.read(sequence, 0, tokens.length, tokens, 0);
    return tokens;
  }
}
