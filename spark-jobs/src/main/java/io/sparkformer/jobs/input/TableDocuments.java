package io.sparkformer.jobs.input;

import java.io.IOException;
import java.util.Collections;
import java.util.Iterator;
import org.apache.spark.rdd.InputFileBlockHolder;
import org.apache.spark.sql.catalyst.InternalRow;
import org.apache.spark.unsafe.Platform;
import org.apache.spark.unsafe.types.UTF8String;

/** Rows of Spark SQL's: the text's bytes are used where they lie. */
final class TableDocuments implements Documents {

  /**
   * A partition of Spark SQL's while it is read; never leaves its task.
   *
   * @param partition its number in the plan
   */
  record Rows(int partition, Iterator<InternalRow> rows) {}

  private static final int TEXT = 0;
  private static final int LABEL = 1;

  private final InputFormat format;
  private final Iterator<Rows> partitions;
  private Rows current = new Rows(0, Collections.emptyIterator());
  private long rowsRead;
  private InternalRow row;
  private UTF8String text;
  private boolean pieceIsNext;

  TableDocuments(InputFormat format, Iterator<Rows> partitions) {
    this.format = format;
    this.partitions = partitions;
  }

  @Override
  public boolean isReplaced() {
    return format == InputFormat.CSV;
  }

  @Override
  public boolean next() throws IOException {
    try {
      while (!current.rows().hasNext()) {
        if (!partitions.hasNext()) {
          return false;
        }
        current = partitions.next();
        rowsRead = 0;
      }
      row = current.rows().next();
    } catch (Exception | StackOverflowError e) {
      // Scala's iterators throw checked ones, too; a damaged Parquet file can nest without end.
      throw failed(e);
    }
    rowsRead++;
    text = row.isNullAt(TEXT) ? UTF8String.EMPTY_UTF8 : row.getUTF8String(TEXT);
    pieceIsNext = !isNull() && text.numBytes() > 0;
    return true;
  }

  @Override
  public boolean nextPiece() {
    boolean next = pieceIsNext;
    pieceIsNext = false;
    return next;
  }

  @Override
  public byte[] bytes() {
    return text.getBaseObject() instanceof byte[] base ? base : text.getBytes();
  }

  @Override
  public int from() {
    return text.getBaseObject() instanceof byte[]
        ? Math.toIntExact(text.getBaseOffset() - Platform.BYTE_ARRAY_OFFSET)
        : 0;
  }

  @Override
  public int to() {
    return from() + text.numBytes();
  }

  /** A row without its label is as good as none, too. */
  @Override
  public boolean isNull() {
    return row.isNullAt(TEXT) || (isLabelled() && row.isNullAt(LABEL));
  }

  @Override
  public String label() {
    return isLabelled() && !row.isNullAt(LABEL) ? row.getUTF8String(LABEL).toString() : "";
  }

  @Override
  public String where() {
    return file().isEmpty()
        ? "partition %d, row %d".formatted(current.partition(), rowsRead)
        : "%s, row %d of the split at byte %d"
            .formatted(file(), rowsRead, InputFileBlockHolder.getStartOffset());
  }

  @Override
  public void close() {
    // Spark closes its readers when the task ends.
  }

  private boolean isLabelled() {
    return row.numFields() > LABEL;
  }

  /** The file that Spark reads in this thread; empty if the partition is not one of a file. */
  private static String file() {
    String encoded = InputFileBlockHolder.getInputFilePath().toString();
    return encoded.isEmpty() ? "" : TableProblem.shownPath(encoded);
  }

  private IOException failed(Throwable e) throws IOException {
    String file = file();
    if (!file.isEmpty()) {
      String what = rowsRead == 0 ? file : where().replace(", row ", ", after row ") + ",";
      TableProblem.unreadable(e, what)
          .ifPresent(
              mistake -> {
                throw mistake;
              });
    }
    if (e instanceof RuntimeException unchecked) {
      throw unchecked;
    }
    return e instanceof IOException io ? io : new IOException(e);
  }
}
