package io.sparkformer.jobs;

import static io.sparkformer.datasets.InvalidInputException.require;

import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * What the tokenize job is asked for.
 *
 * @param inputs files, directories or globs on any Hadoop file system; at least one
 * @param output the data set's directory
 * @param tokenizer {@code char}
 * @param format {@code text}: UTF-8, one file is one document
 * @param split {@code tail}: the end of the token stream is for validation
 * @param validFraction the validation split's share of the tokens, from 0 to below 1
 * @param seed recorded; the tail split draws nothing
 * @param shardBytes target size of a .bin file
 * @param chunkBytes how much of a file one read covers; decides the work's grain, never the result
 */
record TokenizeOptions(
    List<String> inputs,
    String output,
    String tokenizer,
    String format,
    String split,
    double validFraction,
    long seed,
    ExistingOutput existing,
    MalformedInput malformed,
    long shardBytes,
    int chunkBytes) {

  static final int DEFAULT_CHUNK_BYTES = 16 << 20;

  /** Keeps a shard of one sequence within the index's 32-bit sizes. */
  private static final long MAX_SHARD_BYTES = 2048L << 20;

  TokenizeOptions {
    inputs = List.copyOf(inputs);
    require(!inputs.isEmpty(), "--input is empty: give at least one file, directory or glob");
    require(!output.isBlank(), "--output is empty: give the data set's directory");
    require(tokenizer.equals("char"), "--tokenizer %s is not supported: use char", tokenizer);
    require(format.equals("text"), "--format %s is not supported: use text", format);
    require(split.equals("tail"), "--split %s is not supported: use tail", split);
    require(
        validFraction >= 0 && validFraction < 1,
        "--valid-fraction is %s: it must be at least 0 and below 1",
        validFraction);
    require(
        shardBytes > 0 && shardBytes <= MAX_SHARD_BYTES,
        "--shard-mb is %d: it must be from 1 to %d",
        shardBytes >> 20,
        MAX_SHARD_BYTES >> 20);
    require(chunkBytes > 0, "chunks of %d bytes: a chunk has at least 1", chunkBytes);
  }

  /** The options that decide the data set's content, for its manifest. */
  SortedMap<String, String> recorded() {
    SortedMap<String, String> recorded = new TreeMap<>();
    recorded.put("tokenizer", tokenizer);
    recorded.put("format", format);
    recorded.put("split", split);
    recorded.put("valid_fraction", Double.toString(validFraction));
    recorded.put("seed", Long.toString(seed));
    recorded.put("malformed", malformed == MalformedInput.REPLACE ? "replace" : "fail");
    recorded.put("shard_bytes", Long.toString(shardBytes));
    return recorded;
  }
}
