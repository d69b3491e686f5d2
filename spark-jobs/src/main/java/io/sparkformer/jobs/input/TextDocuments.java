package io.sparkformer.jobs.input;

import io.sparkformer.datasets.InvalidInputException;
import io.sparkformer.datasets.Reason;
import io.sparkformer.datasets.pretokenizer.SafeCuts;
import io.sparkformer.datasets.text.Utf8Text;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.TaskContext;
import org.apache.spark.executor.InputMetrics;
import org.apache.spark.util.TaskCompletionListener;

/**
 * The documents of ranges of text files.
 *
 * <p>Neighbouring ranges agree, without looking at each other, on whose a document is: a line is
 * its range's in which it begins; a document between blank lines is its range's in which the blank
 * line before it begins; the parts of a document that is a whole file are cut at the first safe
 * places behind the ranges' bounds.
 */
final class TextDocuments implements Documents, TaskCompletionListener {

  /** Lines of white space that are as long as this do not count as blank. */
  private static final int BLANK_LINE_BYTES = 1 << 12;

  private final Iterator<TextRange> ranges;
  private final InputFormat format;
  private final Configuration configuration;

  private final InputMetrics metrics = TaskContext.get().taskMetrics().inputMetrics();
  private final byte[] window = new byte[TextInput.WINDOW_BYTES];

  private TextRange range;
  private TextInput input;
  private long reportedTo;
  private long searchedTo;

  private State state = State.BEFORE_RANGE;
  private int pieceFrom;
  private int pieceTo;
  private boolean documentRead;
  private boolean endsHere;
  private boolean blankLineBehind;
  private boolean noText;

  private enum State {
    BEFORE_RANGE,
    BEFORE_DOCUMENT,
    IN_DOCUMENT
  }

  TextDocuments(List<TextRange> ranges, InputFormat format, Configuration configuration) {
    this.ranges = ranges.iterator();
    this.format = format;
    this.configuration = configuration;
  }

  @Override
  public boolean next() throws IOException {
    while (state == State.IN_DOCUMENT && !documentRead) {
      nextPiece();
    }
    if (state == State.IN_DOCUMENT) {
      state = format == InputFormat.TEXT ? State.BEFORE_RANGE : State.BEFORE_DOCUMENT;
    }
    while (true) {
      if (state == State.BEFORE_RANGE && !openNext()) {
        return false;
      }
      if (findDocument()) {
        state = State.IN_DOCUMENT;
        documentRead = false;
        metrics.incRecordsRead(begins() ? 1 : 0);
        return true;
      }
      state = State.BEFORE_RANGE;
    }
  }

  private boolean openNext() throws IOException {
    close();
    if (!ranges.hasNext()) {
      return false;
    }
    range = ranges.next();
    // What is before the range tells whether it begins with a line, or at a safe cut.
    reportedTo =
        Math.max(0, range.startByte() - (format == InputFormat.TEXT ? SafeCuts.LOOK_BACK : 1));
    searchedTo = range.endByte();
    try {
      input = TextInput.open(range.path(), reportedTo, window, configuration);
    } catch (FileNotFoundException | AccessControlException e) {
      throw new InvalidInputException(
          String.format(
              "%s cannot be read (%s): check its permissions", range.shownPath(), Reason.of(e)),
          e);
    }
    needMore();
    noText = range.isFirst() && NoText.startsWith(input.bytes(), input.from(), input.to());
    if (!range.isFirst()) {
      skipToFirst();
    }
    state = State.BEFORE_DOCUMENT;
    return true;
  }

  /** Goes to what begins first behind the range's start, which is not the file's. */
  private void skipToFirst() throws IOException {
    if (format == InputFormat.TEXT) {
      skipToCut();
      return;
    }
    skipLine();
    if (format == InputFormat.PARAGRAPHS) {
      while (input.from() < input.to() && blankLineEnd(input.from()) < 0) {
        skipLine();
      }
    }
  }

  private void skipToCut() throws IOException {
    searchedTo = range.startByte();
    int cut = findCut();
    while (cut < 0 && !input.isExhausted()) {
      input.skipTo(input.to() - SafeCuts.LOOK_AHEAD);
      needMore();
      cut = findCut();
    }
    input.skipTo(cut < 0 ? input.to() : cut);
    searchedTo = range.endByte();
  }

  /** The window's first safe cut that is not before {@link #searchedTo}; moves that on. */
  private int findCut() {
    int at = Math.max((int) (searchedTo - input.offset(0)), input.start() + 1);
    int cut = SafeCuts.first(input.bytes(), input.start(), at, input.to());
    if (cut < 0) {
      searchedTo = Math.max(searchedTo, input.offset(input.to() - SafeCuts.LOOK_AHEAD + 1));
    }
    return cut;
  }

  private void skipLine() throws IOException {
    while (true) {
      int lineFeed = input.lineFeed(input.from());
      if (lineFeed >= 0) {
        input.skipTo(lineFeed + 1);
        needMore();
        return;
      }
      input.skipTo(input.to());
      needMore();
      if (input.from() == input.to()) {
        return;
      }
    }
  }

  /** Goes to the range's next document; false if there is none. */
  private boolean findDocument() throws IOException {
    needMore();
    if (format == InputFormat.PARAGRAPHS) {
      skipBlankLines();
    }
    boolean hasBytes = input.from() < input.to();
    return switch (format) {
      case TEXT -> hasBytes ? !isBehind(input.from()) : range.isFirst() && range.isLast();
      case LINES -> hasBytes && !isBehind(input.from());
      case PARAGRAPHS -> hasBytes && !blankLineBehind;
      default -> throw new IllegalStateException(format.toString());
    };
  }

  private void skipBlankLines() throws IOException {
    blankLineBehind = false;
    int end = blankLineEnd(input.from());
    while (end >= 0 && input.from() < input.to()) {
      if (isBehind(input.from())) {
        blankLineBehind = true;
        return;
      }
      input.skipTo(end);
      needMore();
      end = blankLineEnd(input.from());
    }
  }

  /** The index behind a line of nothing but white space; -1 if the line at an index is none. */
  private int blankLineEnd(int start) {
    int end = Math.min(input.to(), start + BLANK_LINE_BYTES - 1);
    for (int at = start; at < end; at++) {
      byte b = input.bytes()[at];
      if (b == '\n') {
        return at + 1;
      }
      if (b != ' ' && b != '\t' && b != '\r') {
        return -1;
      }
    }
    return input.isExhausted() && end == input.to() ? end : -1;
  }

  /** Has a piece's worth of bytes in the window, unless the file ends before. */
  private void needMore() throws IOException {
    while (input.to() - input.from() < PIECE_BYTES + BLANK_LINE_BYTES && input.fill()) {
      report();
    }
  }

  private void report() throws IOException {
    long position = input.storedPosition();
    metrics.incBytesRead(position - reportedTo);
    reportedTo = position;
  }

  private boolean isBehind(int at) {
    return input.offset(at) >= range.endByte();
  }

  @Override
  public boolean nextPiece() throws IOException {
    if (documentRead) {
      return false;
    }
    needMore();
    pieceFrom = input.from();
    switch (format) {
      case TEXT -> filePiece();
      case LINES -> linePiece();
      case PARAGRAPHS -> paragraphPiece();
      default -> throw new IllegalStateException(format.toString());
    }
    return pieceTo > pieceFrom;
  }

  private void filePiece() {
    pieceTo = input.completeTo();
    endsHere = input.isExhausted();
    documentRead = endsHere;
    if (!range.isLast() && isBehind(pieceTo)) {
      int cut = findCut();
      if (cut >= 0) {
        pieceTo = cut;
        documentRead = true;
        endsHere = false;
      } else if (!input.isExhausted()) {
        int told = input.to() - SafeCuts.LOOK_AHEAD;
        pieceTo = Utf8Text.completeTo(input.bytes(), input.from(), told);
      }
    }
    input.skipTo(pieceTo);
  }

  private void linePiece() {
    int lineFeed = input.lineFeed(input.from());
    if (lineFeed >= 0) {
      endAt(lineFeed, lineFeed + 1);
    } else if (input.isExhausted()) {
      endAt(input.to(), input.to());
    } else {
      goOn();
    }
  }

  private void paragraphPiece() {
    int lineFeed = input.lineFeed(input.from());
    while (lineFeed >= 0) {
      if (!input.isExhausted() && input.to() - lineFeed < BLANK_LINE_BYTES) {
        // Whether the next line is blank is not to be seen yet.
        pieceTo = input.bytes()[lineFeed - 1] == '\r' ? lineFeed - 1 : lineFeed;
        input.skipTo(pieceTo);
        return;
      }
      if (blankLineEnd(lineFeed + 1) >= 0) {
        endAt(lineFeed, lineFeed + 1);
        return;
      }
      lineFeed = input.lineFeed(lineFeed + 1);
    }
    if (input.isExhausted()) {
      endAt(input.to(), input.to());
    } else {
      goOn();
    }
  }

  /** Ends the document before a line's end. */
  private void endAt(int end, int next) {
    boolean carriageReturn = end > input.from() && input.bytes()[end - 1] == '\r' && next > end;
    pieceTo = carriageReturn ? end - 1 : end;
    documentRead = true;
    endsHere = true;
    input.skipTo(next);
  }

  /** Gives what there is of a long document, but for what may belong to its end. */
  private void goOn() {
    pieceTo = input.completeTo();
    if (input.bytes()[pieceTo - 1] == '\r') {
      pieceTo--;
    }
    input.skipTo(pieceTo);
  }

  @Override
  public byte[] bytes() {
    return input.bytes();
  }

  @Override
  public int from() {
    return pieceFrom;
  }

  @Override
  public int to() {
    return pieceTo;
  }

  @Override
  public boolean isNull() {
    return false;
  }

  @Override
  public String label() {
    return "";
  }

  @Override
  public boolean isNoText() {
    return noText;
  }

  @Override
  public String where() {
    return range.shownPath();
  }

  @Override
  public long offset(int at) {
    return input.offset(at);
  }

  @Override
  public boolean begins() {
    return format != InputFormat.TEXT || range.isFirst();
  }

  @Override
  public boolean ends() {
    return endsHere;
  }

  @Override
  public void onTaskCompletion(TaskContext context) {
    try {
      close();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  @Override
  public void close() throws IOException {
    if (input != null) {
      input.close();
      input = null;
    }
  }
}
