/**
 * The jobs {@code dataset show}, {@code verify} and {@code merge}: {@link DatasetView} looks at a
 * data set through its indexes, {@link VerifyTask} reads a shard and says what is wrong with it,
 * {@link CopyTask} copies a file of data sets that are put together.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster}, {@code jobs.output}, {@code datasets}, {@code
 * datasets.tokenizer} and {@code datasets.tokens}. Begin with {@link DatasetCommand}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.dataset;
