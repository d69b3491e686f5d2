/**
 * The job {@code generate}: continues a prompt in the driver, without a Spark application, and
 * shows one sample while it is made.
 *
 * <p>Uses {@code jobs}, {@code jobs.cluster} for Hadoop's configuration, and {@code generate},
 * {@code model}, {@code datasets} and {@code datasets.tokenizer}. Begin with {@link
 * GenerateCommand}.
 *
 * <p>Internal: what is public here is so for the packages beside it, since Java has no other way.
 */
package io.sparkformer.jobs.generate;
