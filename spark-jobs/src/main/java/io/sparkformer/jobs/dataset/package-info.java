/**
 * The jobs {@code dataset show}, {@code verify} and {@code merge}: {@link DatasetView} looks at a
 * data set through its indexes, {@link DatasetVerifyJob} has each shard read, {@link
 * DatasetMergeJob} puts data sets together by copying their files.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster}, {@code jobs.output}, {@code datasets}, {@code
 * datasets.tokenizer} and {@code datasets.tokens}. Begin with {@link DatasetCommand}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.dataset;
