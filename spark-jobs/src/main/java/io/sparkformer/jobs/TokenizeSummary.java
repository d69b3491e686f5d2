package io.sparkformer.jobs;

/**
 * The tokenize job's result.
 *
 * @param documents documents with text
 * @param bytes bytes that were read
 * @param seconds the job's own time, without Spark's start
 * @param malformedReplaced malformed parts that were read as U+FFFD
 * @param output the data set's directory
 */
record TokenizeSummary(
    long documents,
    long tokens,
    long trainTokens,
    long validTokens,
    long bytes,
    double seconds,
    int vocabSize,
    long malformedReplaced,
    String output) {}
