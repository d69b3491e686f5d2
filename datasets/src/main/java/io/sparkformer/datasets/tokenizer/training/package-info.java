/**
 * Learns a byte-level BPE vocabulary from texts: pre-tokens are counted ({@link PretokenCounter}),
 * their counts added up ({@link PretokenCounts}), and the most frequent pairs merged ({@link
 * BpeTrainer}).
 *
 * <p>What is learned depends on the counts alone, not on the order in which texts or counts came.
 *
 * <p>Uses {@code datasets}, {@code datasets.pretokenizer} and {@code datasets.tokenizer}. Begin
 * with {@link BpeTrainer}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.datasets.tokenizer.training;
