package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import io.sparkformer.datasets.InvalidInputException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.Comparator;
import java.util.List;
import org.apache.spark.api.java.JavaSparkContext;
import org.apache.spark.broadcast.Broadcast;
import org.apache.spark.util.SerializableConfiguration;

/**
 * What a pass over the corpus finds.
 *
 * @param chunks the corpus in order
 * @param starts number of the first code point of each chunk, and of all code points
 * @param vocabulary the code points that occur, sorted
 * @param malformed malformed parts that were read as U+FFFD
 */
@SuppressWarnings("ArrayRecordComponent") // Compared by no one; sized by the corpus.
record CorpusScan(List<TextChunk> chunks, long[] starts, int[] vocabulary, long malformed) {

  /**
   * Bounds the results that the driver holds, however many chunks there are; also the grain of the
   * progress.
   */
  private static final int MIN_TASKS = 1_000;

  /**
   * Reads the corpus with Spark.
   *
   * @throws InvalidInputException if a file cannot be read, bytes are not UTF-8 and may not be
   *     replaced, or there is no character
   */
  static CorpusScan of(
      JavaSparkContext spark,
      Broadcast<SerializableConfiguration> configuration,
      List<TextChunk> chunks,
      MalformedInput malformed) {
    require(
        !chunks.isEmpty(),
        "the corpus is empty: every file of --input has 0 bytes, give files with text");
    int tasks = Math.min(chunks.size(), Math.max(MIN_TASKS, 4 * spark.defaultParallelism()));
    List<ScanTask.Result> results =
        spark
            .parallelize(chunks, tasks)
            .mapPartitions(new ScanTask(configuration, malformed))
            .collect();
    results.stream()
        .flatMap(result -> result.problems().stream())
        .min(Comparator.comparingInt(ScanTask.Problem::chunk))
        .ifPresent(
            problem -> {
              throw new InvalidInputException(problem.message());
            });
    return merge(chunks, results);
  }

  long codePoints() {
    return starts[starts.length - 1];
  }

  private static CorpusScan merge(List<TextChunk> chunks, List<ScanTask.Result> results) {
    long[] starts = new long[chunks.size() + 1];
    BitSet seen = new BitSet();
    long malformed = 0;
    List<ScanTask.Count> counts = new ArrayList<>();
    for (ScanTask.Result result : results) {
      counts.addAll(result.counts());
      seen.or(result.seen());
      malformed += result.malformed();
    }
    for (ScanTask.Count count : counts) {
      starts[count.chunk() + 1] = count.codePoints();
    }
    for (int chunk = 0; chunk < chunks.size(); chunk++) {
      starts[chunk + 1] += starts[chunk];
    }
    return new CorpusScan(chunks, starts, seen.stream().toArray(), malformed);
  }
}
