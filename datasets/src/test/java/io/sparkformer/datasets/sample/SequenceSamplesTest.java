package io.sparkformer.datasets.sample;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.json.JsonMapper;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.sample.SequenceSamples.Target;
import io.sparkformer.datasets.sample.SequenceSamples.Truncation;
import io.sparkformer.datasets.tokens.LabelledData;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.datasets.tokens.TokenSequences;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SequenceSamplesTest {

  private static final List<String> NAMES = List.of("bad", "fair", "good");
  private static final int[][][] TEXT = {{{1, 2, 3, 4, 5}, {6, 7}}, {{8, 9, 0}}};
  private static final int[][][] OF_SEQUENCES = {{{2}, {0}}, {{1}}};
  private static final int[][][] OF_TOKENS = {{{0, 1, 2, 0, 1}, {2, 2}}, {{1, 0, 0}}};
  private static final int[][][] NO_LABELS = {};

  @TempDir Path directory;

  private TokenDataset data;

  @AfterEach
  void close() {
    if (data != null) {
      data.close();
    }
  }

  @Test
  void everyTokenOfASequencePredictsTheNextOne() throws Exception {
    write(List.of(), TEXT, NO_LABELS);
    SequenceSamples samples = open(Target.NEXT_TOKEN, 8, Truncation.RIGHT, -100);
    assertThat(samples.size()).isEqualTo(3);
    assertThat(samples.truncated()).isZero();
    TokenBatch batch = samples.batch(new long[] {2, 0, 1});
    assertThat(batch.rows()).isEqualTo(3);
    assertThat(batch.contextLength()).isEqualTo(4);
    assertThat(batch.lengths()).containsExactly(2, 4, 1);
    assertThat(batch.inputs()).containsExactly(8, 9, 0, 0, 1, 2, 3, 4, 6, 0, 0, 0);
    assertThat(batch.targets()).containsExactly(9, 0, -100, -100, 2, 3, 4, 5, 7, -100, -100, -100);
    assertThat(batch.tokens()).isEqualTo(7);
  }

  @Test
  void aSequenceHasOneLabel() throws Exception {
    write(NAMES, TEXT, OF_SEQUENCES);
    TokenBatch batch =
        open(Target.SEQUENCE_LABEL, 8, Truncation.RIGHT, -100).batch(new long[] {1, 2});
    assertThat(batch.inputs()).containsExactly(6, 7, 0, 8, 9, 0);
    assertThat(batch.lengths()).containsExactly(2, 3);
    assertThat(batch.targets()).containsExactly(0, 1);
  }

  @Test
  void everyTokenHasALabel() throws Exception {
    write(NAMES, TEXT, OF_TOKENS);
    TokenBatch batch =
        open(Target.TOKEN_LABELS, 8, Truncation.RIGHT, -100).batch(new long[] {1, 2});
    assertThat(batch.inputs()).containsExactly(6, 7, 0, 8, 9, 0);
    assertThat(batch.targets()).containsExactly(2, 2, -100, 1, 0, 0);
  }

  @Test
  void longSequencesAreCutOnTheSideThatIsNamed() throws Exception {
    write(NAMES, TEXT, OF_TOKENS);
    long[] first = {0};
    SequenceSamples right = open(Target.NEXT_TOKEN, 2, Truncation.RIGHT, -100);
    assertThat(right.truncated()).isEqualTo(1);
    assertThat(right.batch(first).inputs()).containsExactly(1, 2);
    assertThat(right.batch(first).targets()).containsExactly(2, 3);
    SequenceSamples left = open(Target.NEXT_TOKEN, 2, Truncation.LEFT, -100);
    assertThat(left.batch(first).inputs()).containsExactly(3, 4);
    assertThat(left.batch(first).targets()).containsExactly(4, 5);
    SequenceSamples labels = open(Target.TOKEN_LABELS, 2, Truncation.LEFT, -100);
    assertThat(labels.truncated()).isEqualTo(2);
    assertThat(labels.batch(first).inputs()).containsExactly(4, 5);
    assertThat(labels.batch(first).targets()).containsExactly(0, 1);
    assertThat(labels.batch(new long[] {0, 1}).isPadded()).isFalse();
    assertThat(open(Target.TOKEN_LABELS, 3, Truncation.RIGHT, -100).batch(first).targets())
        .containsExactly(0, 1, 2);
  }

  @Test
  void aClassifiersLongTextLosesItsEndButNotTheTokenBehindIt() throws Exception {
    int end = 50256;
    data =
        LabelledData.writeEnded(
            directory,
            List.of("a", "b"),
            new int[][][] {{{1, 2, 3, 4, end}, {5, end}}},
            new int[][][] {{{0}, {1}}});
    long[] all = {0, 1};
    SequenceSamples right = open(Target.SEQUENCE_LABEL, 3, Truncation.RIGHT, -100);
    assertThat(right.truncated()).isEqualTo(1);
    assertThat(right.batch(all).inputs()).containsExactly(1, 2, end, 5, end, 0);
    assertThat(open(Target.SEQUENCE_LABEL, 3, Truncation.LEFT, -100).batch(all).inputs())
        .containsExactly(3, 4, end, 5, end, 0);
    // A language model would learn that texts end anywhere.
    assertThat(open(Target.NEXT_TOKEN, 2, Truncation.RIGHT, -100).batch(new long[] {0}).targets())
        .containsExactly(2, 3);
  }

  @Test
  void theIndexToIgnoreIsNoTargetAndNeedsNoExample() throws Exception {
    write(NAMES, TEXT, new int[][][] {{{0, 1, 2, 0, 1}, {0, 2}}, {{1, 0, 0}}});
    TokenBatch batch = open(Target.TOKEN_LABELS, 8, Truncation.RIGHT, 2).batch(new long[] {1});
    assertThat(batch.targets()).containsExactly(0, -100);
    data.close();
    write(NAMES, TEXT, new int[][][] {{{0}, {1}}, {{1}}});
    assertThat(open(Target.SEQUENCE_LABEL, 8, Truncation.RIGHT, 2).size()).isEqualTo(3);
  }

  @Test
  void anIgnoredLabelBecomesTheOneThatEnginesKnow() throws Exception {
    write(NAMES, TEXT, new int[][][] {{{0, 1, -1, 0, 1}, {2, -1}}, {{1, 0, 0}}});
    SequenceSamples samples = open(Target.TOKEN_LABELS, 8, Truncation.RIGHT, -1);
    assertThat(samples.batch(new long[] {0}).targets()).containsExactly(0, 1, -100, 0, 1);
    assertThat(samples.batch(new long[] {1}).targets()).containsExactly(2, -100);
    assertThat(open(Target.NEXT_TOKEN, 8, Truncation.RIGHT, 3).batch(new long[] {0}).targets())
        .containsExactly(2, -100, 4, 5);
  }

  @Test
  void batchesInOrderEndWithASmallerOne() throws Exception {
    write(NAMES, TEXT, OF_SEQUENCES);
    SequentialBatches batches =
        SequentialBatches.over(open(Target.SEQUENCE_LABEL, 8, Truncation.RIGHT, -100), 2);
    assertThat(batches.batches()).isEqualTo(2);
    assertThat(batches.batch(1).inputs()).containsExactly(8, 9, 0);
    assertThat(batches.batch(1).targets()).containsExactly(1);
  }

  @Test
  void sequencesWithNothingToPredictAreNamed() throws Exception {
    write(NAMES, new int[][][] {{{1, 2}, {}}}, new int[][][] {{{0}, {1}}});
    String empty = "row 1 has no tokens: leave empty documents out and make the data set again";
    assertRefused(Target.NEXT_TOKEN, empty);
    assertRefused(Target.SEQUENCE_LABEL, empty);
    data.close();
    write(NAMES, new int[][][] {{{1, 2}}, {{3, 4}, {5}}}, NO_LABELS);
    assertRefused(
        Target.NEXT_TOKEN,
        "row 2 has 1 token, so there is no next one to predict: leave documents of one token out and"
            + " make the data set again, or predict windows of the text instead of its sequences");
    data.close();
    write(NAMES, new int[][][] {{}}, NO_LABELS);
    assertThatThrownBy(() -> open(Target.NEXT_TOKEN, 8, Truncation.RIGHT, -100))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "split 'train' of %s has no sequences: use another split, or give it more data",
            data.directory());
    assertThatThrownBy(() -> open(Target.NEXT_TOKEN, 0, Truncation.RIGHT, -100))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("model.context-length is 0: it must be at least 1");
  }

  @Test
  void aDataSetWithoutLabelsIsForTheLanguageModel() throws Exception {
    write(List.of(), TEXT, NO_LABELS);
    assertThatThrownBy(() -> open(Target.SEQUENCE_LABEL, 8, Truncation.RIGHT, -100))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageEndingWith(
            " has no labels: if its source has some, tokenize it with --label-column, or use the head"
                + " language-model");
  }

  @Test
  void labelsThatDoNotFitTheTextNameTheHeadThatDoes() throws Exception {
    write(NAMES, TEXT, OF_TOKENS);
    assertRefused(
        Target.SEQUENCE_LABEL,
        "row 0 has 5 labels for 5 tokens, but the head sequence-classification needs one for each"
            + " sequence: use the head token-classification");
    data.close();
    write(NAMES, TEXT, OF_SEQUENCES);
    assertRefused(
        Target.TOKEN_LABELS,
        "row 0 has 1 labels for 5 tokens, but the head token-classification needs one for each"
            + " token: use the head sequence-classification");
    data.close();
    write(NAMES, TEXT, new int[][][] {{{0, 1, 2, 0, 1}, {2, 2}}, {{1, 0}}});
    assertRefused(
        Target.TOKEN_LABELS,
        "row 2 has 2 labels for 3 tokens, but the head token-classification needs one for each"
            + " token: use the head language-model, which needs no labels, or make the data set again");
    data.close();
    write(NAMES, TEXT, new int[][][] {{{0}, {1}}});
    assertThatThrownBy(() -> open(Target.SEQUENCE_LABEL, 8, Truncation.RIGHT, -100))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "split 'train' of %s has 2 sequences of labels for 3 of text: make the data set again",
            data.directory());
  }

  @Test
  void labelsWithoutANameAreRefused() throws Exception {
    write(NAMES, TEXT, new int[][][] {{{2}, {0}}, {{3}}});
    assertRefused(
        Target.SEQUENCE_LABEL,
        "row 2 has the label id 3, but ids go from 0 to 2, and -100 is for no label: make the data"
            + " set again");
    data.close();
    write(NAMES, TEXT, new int[][][] {{{2}, {-7}}, {{1}}});
    assertRefused(
        Target.SEQUENCE_LABEL,
        "row 1 has the label id -7, but ids go from 0 to 2, and -100 is for no label: make the data"
            + " set again");
  }

  @Test
  void labelsThatAreTooManyForTheStartAreCheckedWhenTheyAreDrawn() throws Exception {
    write(NAMES, TEXT, new int[][][] {{{2}, {0}}, {{1}}});
    SequenceSamples samples = open(Target.SEQUENCE_LABEL, 8, Truncation.RIGHT, -100);
    Files.write(directory.resolve("train-label-00001-of-00002.bin"), new byte[] {3, 0, 0, 0});
    TokenSequences text = data.sequences(SplitName.TRAIN);
    TokenSequences labels = data.labels(SplitName.TRAIN);
    LabelCheck check =
        new LabelCheck(
            "split 'train' of " + data.directory(),
            NAMES,
            Target.SEQUENCE_LABEL,
            new SequenceSamples.Cut(8, Truncation.RIGHT, 0),
            -100,
            label -> 0);
    String message =
        "split 'train' of %s: row 2 has the label id 3, but ids go from 0 to 2, and -100 is for no"
            + " label: make the data set again";

    check.run(text, labels, 3);

    assertThatThrownBy(() -> check.run(text, labels, 4))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message, data.directory());
    assertThat(samples.batch(new long[] {0, 1}).targets()).containsExactly(2, 0);
    assertThatThrownBy(() -> samples.batch(new long[] {2}))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(message, data.directory());
  }

  @Test
  void aClassWithoutAnExampleIsRefused() throws Exception {
    write(NAMES, TEXT, new int[][][] {{{2}, {0}}, {{2}}});
    assertThatThrownBy(() -> open(Target.SEQUENCE_LABEL, 8, Truncation.RIGHT, -100))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage(
            "split 'train' of %s has no example of the class 'fair' (id 1), which 0 of the data set's rows have:"
                + " each split needs one, so give the source more rows of it, leave them out or give them"
                + " another class's label, and make the data set again",
            data.directory());
    data.close();
    // The only example of class 1 is cut off.
    write(NAMES, TEXT, new int[][][] {{{0, 0, 2, 0, 1}, {2, 2}}, {{0, 0, 0}}});
    assertThat(open(Target.TOKEN_LABELS, 5, Truncation.RIGHT, -100).truncated()).isZero();
    assertThat(open(Target.TOKEN_LABELS, 4, Truncation.LEFT, -100).truncated()).isEqualTo(1);
    assertThatThrownBy(() -> open(Target.TOKEN_LABELS, 4, Truncation.RIGHT, -100))
        .isInstanceOf(InvalidInputException.class)
        .hasMessageContaining(
            "has no example of the class 'fair' (id 1) within model.context-length, which 1 of the data set's rows has: each split");
  }

  @Test
  void truncationIsWrittenInLowerCase() throws Exception {
    JsonMapper json = new JsonMapper();
    assertThat(json.readValue("\"left\"", Truncation.class)).isEqualTo(Truncation.LEFT);
    assertThat(json.writeValueAsString(Truncation.RIGHT)).isEqualTo("\"right\"");
  }

  private void assertRefused(Target target, String message) {
    assertThatThrownBy(() -> open(target, 8, Truncation.RIGHT, -100))
        .isInstanceOf(InvalidInputException.class)
        .hasMessage("split 'train' of %s: %s", data.directory(), message);
  }

  private void write(List<String> names, int[][][] text, int[][][] labels) throws Exception {
    data = LabelledData.write(directory, names, text, labels);
  }

  private SequenceSamples open(
      Target target, int contextLength, Truncation truncation, long ignoreIndex) throws Exception {
    return SequenceSamples.of(
        data, SplitName.TRAIN, target, contextLength, truncation, ignoreIndex);
  }
}
