package io.sparkformer.jobs.input;

import io.sparkformer.datasets.Storage;
import java.io.Serializable;
import org.apache.hadoop.fs.Path;

/**
 * The documents, or the part of a document, that begin within a byte range of a file.
 *
 * @param endByte the byte after the range; a file of unknown length, since compressed, has all of
 *     it in one range that ends at {@link #UNKNOWN}
 * @param fileBytes the file's size, as it is stored
 */
record TextRange(String path, long startByte, long endByte, long fileBytes)
    implements Serializable {

  static final long UNKNOWN = Long.MAX_VALUE;

  /** The file's name for messages. */
  String shownPath() {
    return Storage.shown(new Path(path));
  }

  boolean isFirst() {
    return startByte == 0;
  }

  boolean isLast() {
    return endByte >= fileBytes;
  }

  /** Its size, as it is stored. */
  long bytes() {
    return Math.min(endByte, fileBytes) - startByte;
  }
}
