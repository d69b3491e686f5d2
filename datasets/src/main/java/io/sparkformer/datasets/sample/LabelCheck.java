package io.sparkformer.datasets.sample;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.LongWork;
import io.sparkformer.datasets.tokens.TokenSequences;
import java.io.IOException;
import java.util.List;

/**
 * That labels fit the text, the head and the names of the classes.
 *
 * @param place the split and its data set, for messages
 * @param names of the classes, by id
 * @param target one label for each sequence, or for each token
 * @param cut what is left of a sequence
 * @param ignoreIndex the label that does not count
 * @param rowsOf tells in how many rows of the data set a label is; asked where a split has none
 */
record LabelCheck(
    String place,
    List<String> names,
    SequenceSamples.Target target,
    SequenceSamples.Cut cut,
    long ignoreIndex,
    RowCount rowsOf) {

  /** Counts the rows of the whole data set that have a label. */
  interface RowCount {
    long of(int label) throws IOException;
  }

  /** Fewer are looked at in a second or two. */
  static final long MANY = 1 << 24;

  private static final String TOKEN_HEAD = "token-classification";
  private static final String SEQUENCE_HEAD = "sequence-classification";
  private static final String AGAIN = "make the data set again";
  private static final String TOO_FEW =
      "each split needs one, so give the source more rows of it, leave them out or give them another"
          + " class's label, and make the data set again";
  private static final String SPREAD =
      "make the data set again with --split stratified, with more data, or without the class";

  /**
   * Looks at the number of labels of every row, and at all labels if they are not too many: others
   * are looked at when they are drawn, and classes without an example are not found.
   *
   * @param many labels that are too many
   * @throws io.sparkformer.datasets.InvalidInputException if they do not fit
   */
  void run(TokenSequences text, TokenSequences labels, long many) throws IOException {
    require(
        labels.count() == text.count(),
        "%s has %d sequences of labels for %d of text: %s",
        place,
        labels.count(),
        text.count(),
        AGAIN);
    LongWork work = LongWork.begin("looking at labels of " + place, "sequences", text.count());
    int[] tokens = new int[SequenceSamples.ROWS_AT_ONCE];
    int[] counts = new int[SequenceSamples.ROWS_AT_ONCE];
    long all = 0;
    for (long first = 0; first < text.count(); first += tokens.length) {
      int rows = Math.min(text.lengths(first, tokens), labels.lengths(first, counts));
      for (int i = 0; i < rows; i++) {
        requireFit(first + i, tokens[i], counts[i]);
        all += counts[i];
      }
      work.at(first);
    }
    if (all < many) {
      lookAtAll(text, labels);
    }
  }

  private void lookAtAll(TokenSequences text, TokenSequences labels) throws IOException {
    long[] examples = new long[names.size()];
    long[] ids = new long[0];
    for (long row = 0; row < text.count(); row++) {
      int labelCount = labels.length(row);
      ids = ids.length < labelCount ? new long[2 * labelCount] : ids;
      labels.read(row, 0, labelCount, ids, 0);
      requireKnown(row, ids, 0, labelCount);
      count(ids, text.length(row), examples);
    }
    requireExamples(examples);
  }

  private void requireFit(long row, int tokens, int labels) {
    boolean ofTokens = target == SequenceSamples.Target.TOKEN_LABELS;
    if (labels == (ofTokens ? tokens : 1)) {
      return;
    }
    boolean otherFits = labels == (ofTokens ? 1 : tokens);
    String other = ofTokens ? SEQUENCE_HEAD : TOKEN_HEAD;
    throw new InvalidInputException(
        String.format(
            "%s: row %d has %d labels for %d tokens, but the head %s needs one for each %s: %s",
            place,
            row,
            labels,
            tokens,
            ofTokens ? TOKEN_HEAD : SEQUENCE_HEAD,
            ofTokens ? "token" : "sequence",
            otherFits
                ? "use the head " + other
                : "use the head language-model, which needs no labels, or " + AGAIN));
  }

  /** Checks labels of a row. */
  void requireKnown(long row, long[] ids, int offset, int count) {
    for (int i = offset; i < offset + count; i++) {
      if (ids[i] != ignoreIndex && (ids[i] < 0 || ids[i] >= names.size())) {
        throw new InvalidInputException(
            "%s: row %d has the label id %d, but ids go from 0 to %d, and %d is for no label: %s"
                .formatted(place, row, ids[i], names.size() - 1, ignoreIndex, AGAIN));
      }
    }
  }

  private void count(long[] ids, int length, long[] examples) {
    boolean ofTokens = target == SequenceSamples.Target.TOKEN_LABELS;
    int first = ofTokens ? cut.first(length) : 0;
    int end = ofTokens ? first + cut.kept(length) : 1;
    for (int i = first; i < end; i++) {
      if (ids[i] != ignoreIndex) {
        examples[(int) ids[i]]++;
      }
    }
  }

  private void requireExamples(long[] examples) throws IOException {
    for (int id = 0; id < examples.length; id++) {
      if (examples[id] == 0 && id != ignoreIndex) {
        long rows = rowsOf.of(id);
        throw new InvalidInputException(
            String.format(
                "%s has no example of the class '%s' (id %d)%s, which %d of the data set's rows %s: %s",
                place,
                names.get(id),
                id,
                target == SequenceSamples.Target.TOKEN_LABELS ? " within model.context-length" : "",
                rows,
                rows == 1 ? "has" : "have",
                rows < 2 ? TOO_FEW : SPREAD));
      }
    }
  }
}
