/**
 * Samples: a split as numbered rows, and which of them a row of training or evaluation is. {@link
 * WindowSamples} cuts a stream into windows, {@link SequenceSamples} takes sequences one by one;
 * both give {@link TokenBatch}es.
 *
 * <p>The order is a pure function of seed, step, micro-batch and row ({@link SampleOrder}), so that
 * it is the same on any rank and after any resume, and takes no memory.
 *
 * <p>Uses {@code datasets}, {@code datasets.tokenizer} and {@code datasets.tokens}. Begin with
 * {@link SampleOrder} and {@link Samples}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.datasets.sample;
