package io.sparkformer.jobs;

/**
 * A file to read.
 *
 * @param path with its file system
 * @param bytes its size when it was found
 */
record CorpusFile(String path, long bytes) {}
