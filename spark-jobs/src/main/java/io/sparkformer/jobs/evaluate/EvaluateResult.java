package io.sparkformer.jobs.evaluate;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonUnwrapped;
import io.sparkformer.datasets.tokens.SplitName;

/**
 * The evaluate job's result.
 *
 * @param figures how well the model does; those of its kind
 * @param targets what was predicted: tokens, or texts
 * @param skipped of a table: rows without a label or a text
 * @param split of a data set
 * @param data a data set, or tables
 * @param seconds the job's own time, without Spark's start
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record EvaluateResult(
    @JsonUnwrapped Figures figures,
    long targets,
    Long skipped,
    SplitName split,
    String model,
    String data,
    double seconds) {}
