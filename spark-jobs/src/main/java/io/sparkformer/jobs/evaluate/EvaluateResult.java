package io.sparkformer.jobs.evaluate;

import com.fasterxml.jackson.annotation.JsonInclude;
import io.sparkformer.datasets.tokens.SplitName;
import io.sparkformer.evaluation.ClassificationReport;
import io.sparkformer.evaluation.ConfusionMatrix;

/**
 * The evaluate job's result.
 *
 * @param loss mean negative log likelihood of a target, in nats
 * @param accuracy share of the targets that were the likeliest class
 * @param perplexity e^loss; of a language model
 * @param bitsPerCharacter the loss in bits, for a character of the split's text; of a language
 *     model
 * @param targets what was predicted: tokens, or labels
 * @param report of a classifier: precision, recall and F1 by class
 * @param confusion of a classifier: how often (row) was taken for (column)
 * @param skipped of a table: rows without a label or a text
 * @param split of a data set
 * @param data a data set, or tables
 * @param seconds the job's own time, without Spark's start
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record EvaluateResult(
    double loss,
    double accuracy,
    Double perplexity,
    Double bitsPerCharacter,
    long targets,
    ClassificationReport report,
    ConfusionMatrix confusion,
    Long skipped,
    SplitName split,
    String model,
    String data,
    double seconds) {}
