package io.sparkformer.jobs;

import io.sparkformer.datasets.text.Utf8Reader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Iterator;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.security.AccessControlException;
import org.apache.spark.TaskContext;
import org.apache.spark.api.java.function.FlatMapFunction;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * Counts the code points of chunks and collects the distinct ones, on an executor.
 *
 * <p>The user's mistakes come back as data: as exceptions they would be retried and arrive as a
 * stack trace.
 */
record ScanTask(Broadcast<SerializableConfiguration> configuration, MalformedInput malformedInput)
    implements FlatMapFunction<Iterator<TextChunk>, ScanTask.Result> {

  private static final int BLOCK_CODE_POINTS = 1 << 14;

  record Count(int chunk, long codePoints) implements Serializable {}

  record Problem(int chunk, String message) implements Serializable {}

  record Result(List<Count> counts, List<Problem> problems, BitSet seen, long malformed)
      implements Serializable {}

  @Override
  public Iterator<Result> call(Iterator<TextChunk> chunks) throws IOException {
    Scan scan = new Scan(configuration.value().value());
    while (chunks.hasNext() && scan.problems.isEmpty()) {
      TextChunk chunk = chunks.next();
      scan.add(chunk, malformedInput);
      TaskContext.get().taskMetrics().inputMetrics().incBytesRead(chunk.bytes());
    }
    return List.of(scan.result()).iterator();
  }

  private static final class Scan {

    private final Configuration configuration;
    private final List<Count> counts = new ArrayList<>();
    private final List<Problem> problems = new ArrayList<>();
    private final long[] seen = new long[(Character.MAX_CODE_POINT + Long.SIZE) / Long.SIZE];
    private final int[] block = new int[BLOCK_CODE_POINTS];
    private long malformed;

    private Scan(Configuration configuration) {
      this.configuration = configuration;
    }

    private void add(TextChunk chunk, MalformedInput malformedInput) throws IOException {
      try (Utf8Reader reader = chunk.open(configuration)) {
        long codePoints = 0;
        for (int count = reader.read(block); count >= 0; count = reader.read(block)) {
          for (int i = 0; i < count; i++) {
            seen[block[i] >>> 6] |= 1L << block[i];
          }
          codePoints += count;
          if (malformedInput == MalformedInput.FAIL && reader.malformed() > 0) {
            problems.add(new Problem(chunk.index(), malformedMessage(chunk, reader)));
            return;
          }
        }
        counts.add(new Count(chunk.index(), codePoints));
        malformed += reader.malformed();
      } catch (FileNotFoundException | AccessControlException e) {
        problems.add(
            new Problem(
                chunk.index(),
                String.format(
                    "%s cannot be read (%s): check its permissions",
                    chunk.shownPath(),
                    String.valueOf(e.getMessage()).lines().findFirst().orElse("no reason given"))));
      }
    }

    private static String malformedMessage(TextChunk chunk, Utf8Reader reader) {
      return String.format(
          "%s: byte 0x%02x at offset %d is not valid UTF-8: convert the file to UTF-8, or pass --malformed replace",
          chunk.shownPath(), reader.firstMalformedValue(), reader.firstMalformedByte());
    }

    private Result result() {
      return new Result(counts, problems, BitSet.valueOf(seen), malformed);
    }
  }
}
