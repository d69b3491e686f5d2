package io.sparkformer.jobs.vocabulary;

/**
 * The train-tokenizer job's result.
 *
 * @param documents documents with text
 * @param bytes bytes of their text, in UTF-8
 * @param malformedReplaced malformed parts that were read as U+FFFD
 * @param distinctPretokens pre-tokens that occur in the corpus
 * @param learnedFrom how many of them the vocabulary was learned from
 * @param longPretokens occurrences that were left out, as too long for words
 * @param vocabSize ids: bytes, merges and special tokens
 * @param bytesPerToken of the pre-tokens learned from, as often as they occur; 0 without any
 * @param seconds the job's own time, without Spark's start
 * @param output the file
 */
record TrainTokenizerResult(
    long documents,
    long bytes,
    long malformedReplaced,
    long distinctPretokens,
    long learnedFrom,
    long longPretokens,
    int merges,
    int vocabSize,
    double bytesPerToken,
    double seconds,
    String output) {}
