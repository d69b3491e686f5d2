package io.sparkformer.jobs.tokenize;

import io.sparkformer.datasets.Storage;
import io.sparkformer.datasets.tokens.DatasetManifest.Skipped;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.jobs.input.CleanDocuments;
import java.io.Closeable;
import java.io.IOException;
import java.util.UUID;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.TaskContext;

/**
 * Writes a unit's shards into a hidden directory, which gets the unit's name when all is complete.
 *
 * <p>Of several attempts at a unit (retried or speculative tasks) the first to be complete stays;
 * all write the same. Closed before it is finished, the writer leaves nothing.
 */
final class UnitWriter implements Closeable {

  private static final long REPORT_TOKENS = 1 << 16;

  private final FileSystem fileSystem;
  private final Path directory;
  private final Path hidden;
  private final SplitWriter train;
  private final SplitWriter valid;
  private long reported;
  private long withoutTokens;

  private UnitWriter(FileSystem fileSystem, Path units, int unit, SplitWriter.ShardLayout layout) {
    this.fileSystem = fileSystem;
    this.directory = new Path(units, Integer.toString(unit));
    this.hidden = new Path(units, "." + unit + "-" + UUID.randomUUID());
    this.train = new SplitWriter(fileSystem, hidden, SplitName.TRAIN, layout);
    this.valid = new SplitWriter(fileSystem, hidden, SplitName.VALID, layout);
  }

  /**
   * Starts a unit.
   *
   * @param units the directory of all units
   */
  static UnitWriter create(
      Path units, int unit, SplitWriter.ShardLayout layout, Configuration configuration)
      throws IOException {
    FileSystem fileSystem = Storage.fileSystem(units, configuration);
    UnitWriter writer = new UnitWriter(fileSystem, units, unit, layout);
    if (!fileSystem.mkdirs(writer.hidden)) {
      throw new IOException("cannot create " + writer.hidden);
    }
    return writer;
  }

  SplitWriter of(SplitName split) {
    return split == SplitName.TRAIN ? train : valid;
  }

  /** Counts a document with text that the tokenizer has no token for: it is left out as empty. */
  void countWithoutTokens() {
    withoutTokens++;
  }

  /** Tells Spark how far the task is, for the progress; cheap. */
  void report() {
    long tokens = train.tokens() + valid.tokens();
    if (tokens - reported >= REPORT_TOKENS) {
      reported = tokens;
      TaskContext.get().taskMetrics().outputMetrics().setRecordsWritten(tokens);
    }
  }

  /** Completes the unit and makes it visible. */
  UnitResult finish(CleanDocuments.Found found) throws IOException {
    UnitResult result =
        new UnitResult(
            train.finish(),
            valid.finish(),
            // Of a shuffle, what was read here may be written elsewhere: their sum counts.
            found.documents() - withoutTokens,
            found.skipped().plus(new Skipped(0, withoutTokens, 0)),
            found.malformed(),
            found.firstMalformed());
    result.write(fileSystem, hidden);
    TaskContext.get()
        .taskMetrics()
        .outputMetrics()
        .setRecordsWritten(train.tokens() + valid.tokens());
    boolean first = !fileSystem.exists(directory);
    if (first && !fileSystem.rename(hidden, directory) && !fileSystem.exists(directory)) {
      throw new IOException("cannot rename " + hidden + " to " + directory);
    }
    return result;
  }

  @Override
  public void close() throws IOException {
    try (train;
        valid) {
      // closed first, so that nothing is open in what is deleted
    } finally {
      fileSystem.delete(hidden, true);
    }
  }
}
