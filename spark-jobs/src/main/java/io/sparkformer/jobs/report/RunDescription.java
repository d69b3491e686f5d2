package io.sparkformer.jobs.report;

import java.time.Instant;

/**
 * What a run was asked for.
 *
 * @param data the data set, for people
 * @param command that started it, or empty
 * @param started when that was
 */
public record RunDescription(String data, String command, Instant started) {}
