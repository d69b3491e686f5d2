/**
 * The training step, without files and without Spark: {@link Trainer} sums the gradients of
 * micro-batches, {@link GradientAllReduce} passes them through a collective's buffers, {@link
 * Optimizer} clips and updates. {@link PrefetchedBatches} has the next micro-batch ready; {@link
 * ReplicaCheck} compares the ranks' weights.
 *
 * <p>What a step does is a pure function of recipe, data, weights, moments and step number: any
 * number of ranks, with as many threads each, gives the same bits, and so does a run that was
 * resumed.
 *
 * <p>Uses {@code datasets}, {@code datasets.sample}, {@code recipe}, {@code model} and {@code
 * collective}. Begin with {@link Trainer#step}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.train;
