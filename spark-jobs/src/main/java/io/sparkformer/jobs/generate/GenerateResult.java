package io.sparkformer.jobs.generate;

import java.util.List;

/**
 * The generate job's result.
 *
 * @param samples the prompt and what the model made of it; ids joined by commas if the model has no
 *     tokenizer
 * @param sampleIds the new tokens of each sample
 * @param newTokens of all samples together
 * @param seconds generation's own time, without reading the model
 * @param stoppedBy for each sample {@code length} or {@code end-of-text}
 * @param seed gives the same samples again
 */
record GenerateResult(
    List<String> samples,
    List<List<Integer>> sampleIds,
    int promptTokens,
    long newTokens,
    double seconds,
    double tokensPerSecond,
    List<String> stoppedBy,
    long seed,
    String model) {}
