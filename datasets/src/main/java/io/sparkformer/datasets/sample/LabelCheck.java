package io.sparkformer.datasets.sample;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.tokens.TokenSequences;
import java.util.List;

/**
 * That labels fit the text, the head and the names of the classes.
 *
 * @param place the split and its data set, for messages
 * @param names of the classes, by id
 * @param target one label for each sequence, or for each token
 * @param cut what is left of a sequence
 * @param ignoreIndex the label that does not count
 */
record LabelCheck(
    String place,
    List<String> names,
    SequenceSamples.Target target,
    SequenceSamples.Cut cut,
    long ignoreIndex) {

  private static final String TOKEN_HEAD = "token-classification";
  private static final String SEQUENCE_HEAD = "sequence-classification";
  private static final String AGAIN = "make the data set again";

  /**
   * Looks at every label.
   *
   * @throws io.sparkformer.datasets.InvalidInputException if they do not fit
   */
  void run(TokenSequences text, TokenSequences labels) {
    require(
        labels.count() == text.count(),
        "%s has %d sequences of labels for %d of text: %s",
        place,
        labels.count(),
        text.count(),
        AGAIN);
    long[] examples = new long[names.size()];
    long[] ids = new long[0];
    for (long row = 0; row < text.count(); row++) {
      int length = text.length(row);
      int labelCount = labels.length(row);
      requireFit(row, length, labelCount);
      ids = ids.length < labelCount ? new long[2 * labelCount] : ids;
      labels.read(row, 0, labelCount, ids, 0);
      requireKnown(row, ids, labelCount);
      count(ids, length, examples);
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

  private void requireKnown(long row, long[] ids, int count) {
    for (int i = 0; i < count; i++) {
      require(
          ids[i] == ignoreIndex || (ids[i] >= 0 && ids[i] < names.size()),
          "%s: row %d has the label id %d, but ids go from 0 to %d, and %d is for no label: %s",
          place,
          row,
          ids[i],
          names.size() - 1,
          ignoreIndex,
          AGAIN);
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

  private void requireExamples(long[] examples) {
    for (int id = 0; id < examples.length; id++) {
      require(
          examples[id] > 0 || id == ignoreIndex,
          "%s has no example of the class '%s' (id %d)%s: make the data set again"
              + " with --split stratified, with more data, or without the class",
          place,
          names.get(id),
          id,
          target == SequenceSamples.Target.TOKEN_LABELS ? " within model.context-length" : "");
    }
  }
}
