/**
 * The job {@code train-tokenizer}: a corpus to a BPE vocabulary. Tasks count the pre-tokens of
 * their units, executors add up the counts in parts, and the driver learns from them.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster}, {@code jobs.input}, {@code jobs.output}, and {@code
 * datasets} and its packages. Begin with {@link TrainTokenizerJob}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.vocabulary;
