package io.sparkformer.jobs.score;

import java.util.SortedMap;

/**
 * The score job's result.
 *
 * @param rows of the table, all of which are in the output
 * @param errors rows without a result
 * @param labels rows by their labels: each that holds counts; none of a regression
 * @param tokens that the model read
 * @param padding share of what went through the model that was padding
 * @param modelLoads how often the model was loaded: once for each executor
 * @param rowsPerSecond of the whole pass, reading and writing included
 * @param tokenizeSeconds tasks' time for making tokens of texts, all together
 * @param forwardSeconds tasks' time in the model, all together
 * @param taskSeconds all of the tasks' time
 * @param seconds the job's own time, without Spark's start
 */
public record ScoreResult(
    long rows,
    long errors,
    SortedMap<String, Long> labels,
    long tokens,
    double padding,
    long modelLoads,
    double rowsPerSecond,
    double tokenizeSeconds,
    double forwardSeconds,
    double taskSeconds,
    double seconds,
    String model,
    String output) {}
