package io.sparkformer.jobs;

/**
 * The evaluate job's result.
 *
 * @param loss mean negative log likelihood of a token, in nats
 * @param perplexity e^loss
 * @param bitsPerCharacter the loss in bits, for a character of the split's text
 * @param tokens tokens that were predicted: all but the split's first
 * @param seconds the job's own time, without Spark's start
 */
record EvaluateSummary(
    double loss,
    double perplexity,
    double bitsPerCharacter,
    long tokens,
    String split,
    String model,
    String data,
    double seconds) {}
