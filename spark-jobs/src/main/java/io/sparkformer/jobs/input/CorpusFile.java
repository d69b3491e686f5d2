package io.sparkformer.jobs.input;

/**
 * A file to read.
 *
 * @param path full, with scheme
 * @param bytes its size
 * @param modified its modification time, in milliseconds of the epoch
 */
public record CorpusFile(String path, long bytes, long modified) {}
