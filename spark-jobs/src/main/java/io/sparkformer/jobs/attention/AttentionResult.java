package io.sparkformer.jobs.attention;

import java.util.List;

/**
 * The attention job's result.
 *
 * @param tokens of the text
 * @param layers that are shown
 * @param heads of a layer that are shown
 * @param pictures that were drawn
 * @param likeliest of a language model, what may come after the text; of a classifier of texts, its
 *     label; of a classifier of tokens, the last token's
 * @param output where everything is
 * @param seconds the job's own time
 */
record AttentionResult(
    int tokens,
    int layers,
    int heads,
    int pictures,
    List<AttentionFile.Likely> likeliest,
    String model,
    String output,
    double seconds) {}
