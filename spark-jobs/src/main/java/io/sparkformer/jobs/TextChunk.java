package io.sparkformer.jobs;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.text.Utf8Reader;
import java.io.IOException;
import java.io.Serializable;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FSDataInputStream;
import org.apache.hadoop.fs.Path;

/**
 * A byte range of a file that is decoded on its own; see {@link Utf8Reader} for its exact bounds.
 *
 * @param index its number in the corpus
 */
record TextChunk(int index, String path, long startByte, long endByte) implements Serializable {

  long bytes() {
    return endByte - startByte;
  }

  /** The file's name for messages. */
  String shownPath() {
    return Storage.shown(new Path(path));
  }

  Utf8Reader open(Configuration configuration) throws IOException {
    Path file = new Path(path);
    FSDataInputStream in = Storage.fileSystem(file, configuration).open(file);
    try {
      in.seek(startByte);
      return Utf8Reader.over(in, startByte, endByte);
    } catch (IOException | RuntimeException e) {
      in.close();
      throw e;
    }
  }
}
