package io.sparkformer.datasets.sample;

import static io.sparkformer.datasets.InvalidInputException.require;

import com.fasterxml.jackson.annotation.JsonProperty;
import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.LongWork;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.datasets.tokens.TokenDataset;
import io.sparkformer.datasets.tokens.TokenSequences;
import java.io.IOException;
import java.util.Arrays;

/**
 * A data set's sequences one by one: sample i is sequence i of the split, cut to the context.
 *
 * <p>All of a split's lengths are looked at when it is opened, so that nothing is wrong with them
 * later, and its labels unless they are very many.
 */
public final class SequenceSamples implements Samples {

  static final int ROWS_AT_ONCE = 1 << 16;

  private final TokenSequences text;
  private final TokenSequences answers;
  private final Target target;
  private final Cut cut;
  private final LabelCheck check;
  private final long truncated;

  /** What is to be predicted. */
  public enum Target {
    /** Of each token the next one: targets [B, T], one fewer than the sequence has tokens. */
    NEXT_TOKEN,
    /** One label for each sequence: targets [B]. */
    SEQUENCE_LABEL,
    /** One label for each token: targets [B, T]. */
    TOKEN_LABELS
  }

  /** The side on which a sequence that is longer than the context is cut off. */
  public enum Truncation {
    /** Of a text with a token behind it, the text's end. */
    @JsonProperty("right")
    RIGHT,
    @JsonProperty("left")
    LEFT,
    /** The token behind a text first, as models of earlier builds were trained. */
    @JsonProperty("whole-right")
    WHOLE_RIGHT
  }

  /**
   * What stays of a sequence.
   *
   * @param limit tokens at most
   * @param ending tokens at its end that stay, whatever is cut
   */
  record Cut(int limit, Truncation truncation, int ending) {

    int kept(int length) {
      return Math.min(length, limit);
    }

    /** Position of the first token that stays. */
    int first(int length) {
      return truncation == Truncation.LEFT ? length - kept(length) : 0;
    }
  }

  private SequenceSamples(
      TokenSequences text,
      TokenSequences answers,
      Target target,
      Cut cut,
      LabelCheck check,
      long truncated) {
    this.text = text;
    this.answers = answers;
    this.target = target;
    this.cut = cut;
    this.check = check;
    this.truncated = truncated;
  }

  /**
   * A split's sequences.
   *
   * @param data stays the caller's to close
   * @param contextLength inputs of a row at most; what is longer is truncated, its labels for
   *     tokens with it
   * @param ignoreIndex the target that does not count: it becomes {@link TokenBatch#IGNORED}
   * @throws io.sparkformer.datasets.InvalidInputException if there is no such split, a sequence of
   *     it has nothing to predict, or the labels are missing, do not fit the target or the label
   *     names, or leave a class without an example
   */
  public static SequenceSamples of(
      TokenDataset data,
      SplitName split,
      Target target,
      int contextLength,
      Truncation truncation,
      long ignoreIndex)
      throws IOException {
    require(contextLength > 0, "model.context-length is %d: it must be at least 1", contextLength);
    boolean ofText = target == Target.NEXT_TOKEN;
    String place = "split '" + split + "' of " + data.directory();
    TokenSequences text = data.sequences(split);
    // A classifier of sequences reads texts so wherever it is used: the token behind them stays.
    boolean ends =
        target == Target.SEQUENCE_LABEL
            && truncation == Truncation.RIGHT
            && data.manifest().endsDocuments()
            && data.tokenizer().endOfText().isPresent();
    Cut cut =
        new Cut(
            ofText ? Math.addExact(contextLength, 1) : contextLength,
            truncation,
            ends && contextLength > 1 ? 1 : 0);
    long truncated = checkedLengths(text, place, ofText ? 2 : 1, cut);
    LabelCheck check =
        new LabelCheck(
            place,
            data.manifest().labels(),
            target,
            cut,
            ignoreIndex,
            label -> rowsOf(data, label));
    if (ofText) {
      return new SequenceSamples(text, text, target, cut, check, truncated);
    }
    TokenSequences labels = data.labels(split);
    check.run(text, labels, LabelCheck.MANY);
    return new SequenceSamples(text, labels, target, cut, check, truncated);
  }

  /** Rows of all splits that have a label. */
  private static long rowsOf(TokenDataset data, int label) throws IOException {
    long rows = 0;
    for (SplitName split : data.manifest().splits().keySet()) {
      TokenSequences labels = data.labels(split);
      for (long row = 0; row < labels.count(); row++) {
        long[] ids = new long[labels.length(row)];
        labels.read(row, 0, ids.length, ids, 0);
        rows += Arrays.stream(ids).anyMatch(id -> id == label) ? 1 : 0;
      }
    }
    return rows;
  }

  @Override
  public long size() {
    return text.count();
  }

  /** Sequences that are longer than the context, and cut. */
  public long truncated() {
    return truncated;
  }

  @Override
  public TokenBatch batch(long[] indices) {
    long[] lengths = new long[indices.length];
    for (int row = 0; row < indices.length; row++) {
      lengths[row] = inputs(indices[row]);
    }
    TokenBatch batch =
        target == Target.SEQUENCE_LABEL
            ? TokenBatch.paddedWithTargetPerRow(lengths)
            : TokenBatch.padded(lengths);
    for (int row = 0; row < indices.length; row++) {
      fill(batch, row, indices[row]);
    }
    long[] targets = batch.targets();
    for (int i = 0; i < targets.length; i++) {
      targets[i] = targets[i] == check.ignoreIndex() ? TokenBatch.IGNORED : targets[i];
    }
    return batch;
  }

  private int inputs(long sequence) {
    int kept = cut.kept(text.length(sequence));
    return target == Target.NEXT_TOKEN ? kept - 1 : kept;
  }

  private void fill(TokenBatch batch, int row, long sequence) {
    int first = cut.first(text.length(sequence));
    int length = (int) batch.lengths()[row];
    int offset = row * batch.contextLength();
    text.read(sequence, first, length, batch.inputs(), offset);
    int whole = text.length(sequence);
    if (whole > first + length) {
      text.read(
          sequence,
          whole - cut.ending(),
          cut.ending(),
          batch.inputs(),
          offset + length - cut.ending());
    }
    switch (target) {
      case NEXT_TOKEN -> answers.read(sequence, first + 1, length, batch.targets(), offset);
      case TOKEN_LABELS -> labels(batch, sequence, first, length, offset);
      case SEQUENCE_LABEL -> labels(batch, sequence, 0, 1, row);
    }
  }

  private void labels(TokenBatch batch, long sequence, int from, int count, int offset) {
    answers.read(sequence, from, count, batch.targets(), offset);
    check.requireKnown(sequence, batch.targets(), offset, count);
  }

  /** Returns the number of sequences that are cut. */
  private static long checkedLengths(TokenSequences text, String place, int least, Cut cut) {
    require(
        text.count() > 0, "%s has no sequences: use another split, or give it more data", place);
    long truncated = 0;
    LongWork work = LongWork.begin("looking at lengths of " + place, "sequences", text.count());
    int[] lengths = new int[ROWS_AT_ONCE];
    for (long first = 0; first < text.count(); first += ROWS_AT_ONCE) {
      int rows = text.lengths(first, lengths);
      for (int i = 0; i < rows; i++) {
        if (lengths[i] < least) {
          throw tooShort(place, first + i, lengths[i]);
        }
        truncated += lengths[i] > cut.limit() ? 1 : 0;
      }
      work.at(first);
    }
    return truncated;
  }

  private static InvalidInputException tooShort(String place, long row, int length) {
    return new InvalidInputException(
        length == 0
            ? "%s: row %d has no tokens: leave empty documents out and make the data set again"
                .formatted(place, row)
            : ("%s: row %d has 1 token, so there is no next one to predict: leave documents of one"
                    + " token out and make the data set again, or predict windows of the text"
                    + " instead of its sequences")
                .formatted(place, row));
  }
}
