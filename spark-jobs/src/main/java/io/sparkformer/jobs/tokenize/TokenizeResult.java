package io.sparkformer.jobs.tokenize;

/**
 * The tokenize job's result.
 *
 * @param documents documents with text
 * @param bytes bytes of their text, in UTF-8
 * @param nullDocuments left out, as the next two
 * @param seconds the job's own time, without Spark's start
 * @param bytesPerToken of text; 0 without tokens
 * @param malformedReplaced malformed parts that were read as U+FFFD
 * @param shards of both splits
 * @param labels number of classes; 0 if there are none
 * @param output the data set's directory
 */
record TokenizeResult(
    long documents,
    long tokens,
    long trainTokens,
    long validTokens,
    long bytes,
    double bytesPerToken,
    long nullDocuments,
    long emptyDocuments,
    long duplicateDocuments,
    long malformedReplaced,
    double seconds,
    int vocabSize,
    int labels,
    int shards,
    String output) {}
